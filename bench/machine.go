package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// peer is a program that Gantry is measured beside.
type peer struct {
	name     string
	program  string   // its path
	pkg      string   // of Debian, that has it
	question []string // flags that make it print its version
}

// missingError says that a peer is not there to measure.
type missingError struct {
	peer *peer
	off  bool // nobody wants it
}

func (e *missingError) Error() string {
	if e.off {
		return e.peer.name + ", as no peers are wanted"
	}
	return fmt.Sprintf("%s is not installed (Debian's package %s)", e.peer.name, e.peer.pkg)
}

// need returns why a peer can't be run; nil if it can.
func (l *Lab) need(p *peer) error {
	if !l.Peers {
		return &missingError{p, true}
	}
	if _, err := os.Stat(p.program); err != nil {
		return &missingError{p, false}
	}
	return nil
}

// without returns the note for a peer that is left out of a table, and nil; or the
// error if it is another one.
func without(err error) (note string, _ error) {
	var missing *missingError
	if errors.As(err, &missing) {
		return fmt.Sprintf("Left out: %v.", missing), nil
	}
	return "", err
}

// peers are all that scenarios measure beside Gantry.
var peers = []*peer{ganetiConfdPeer, knotdPeer, nsdPeer}

// heading is the report's beginning: what was measured where.
func (l *Lab) heading(ctx context.Context) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nMeasured by `%s` on %s. Each scenario's command stands below its tables; what the columns mean, and how the\nfigures are made, is in docs/benchmarks.md.\n\n",
		l.command(""), time.Now().UTC().Format("2 January 2006"))
	fmt.Fprintf(&b, "| what | version |\n| --- | --- |\n| machine | %d cores of %s, %s |\n| kernel | %s |\n| gantry | %s |\n",
		runtime.NumCPU(), processorModel(), memorySize(), kernel(), versionOf(ctx, l.Gantry, "version"))
	for _, p := range peers {
		version := "not installed"
		if _, err := os.Stat(p.program); err == nil {
			version = versionOf(ctx, p.program, p.question...)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", p.name, version)
	}
	b.WriteByte('\n')
	return b.String()
}

// versionTimeout is long for a program that only says its version.
const versionTimeout = 5 * time.Second

// versionOf is the first line that a program prints when asked.
func versionOf(ctx context.Context, program string, question ...string) string {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	text, err := exec.CommandContext(ctx, program, question...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if err != nil || line == "" {
		return "unknown"
	}
	return line
}

func processorModel() string {
	if model := procField("/proc/cpuinfo", "model name"); model != "" {
		return model
	}
	return runtime.GOARCH
}

func memorySize() string {
	var kib float64
	if _, err := fmt.Sscanf(procField("/proc/meminfo", "MemTotal"), "%f kB", &kib); err != nil {
		return "unknown memory"
	}
	return fmt.Sprintf("%.0f GB", kib*1024/1e9)
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return runtime.GOOS + " " + strings.TrimSpace(string(text))
}

// procField is the value of the first line that has a name; empty if there is
// none.
func procField(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
