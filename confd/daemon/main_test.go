package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gantry/confd/paths"

	"go.uber.org/goleak"
)

// The tests of Run start this test binary again as a daemon: a recipe in the
// environment says what it is to do.
const recipeEnv = "GANTRY_TEST_DAEMON"

// patience bounds every wait of the tests. It is only ever used up by a failure.
const patience = 20 * time.Second

type recipe struct {
	Options  Options
	Scenario string
	Report   string // file that the daemon writes what it sees into
}

// report is what a daemon sees of itself once it gave up root.
type report struct {
	PID, PPID, SID int
	UID, GID       int
	Groups         []int
	Dir            string
	Umask          int
	NewPrivileges  bool
	Comm           string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(recipeEnv); text != "" {
		os.Exit(runRecipe(text))
	}
	goleak.VerifyTestMain(m)
}

func runRecipe(text string) int {
	var r recipe
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return ExitFailure
	}
	err := Run(context.Background(), r.Options, r.start)
	if err == nil {
		return ExitSuccess
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code
	}
	return ExitFailure
}

func (r recipe) start(ctx context.Context, env *Env) error {
	env.OnReload(func() { env.Log.Info("the daemon reloads") })
	env.AddCheck("config", func() error {
		if r.Scenario == "unready" {
			return errors.New("no good one seen")
		}
		return nil
	})
	switch r.Scenario {
	case "refuse":
		return errors.New("the port is taken")
	case "not-master":
		return &ExitError{ExitNotMaster, errors.New("not the master")}
	case "crash":
		panic("a bug")
	case "return":
		return nil
	case "slow":
		env.Log.Info("starting takes a while")
		<-ctx.Done()
		return ctx.Err()
	}
	if err := env.DropPrivileges(); err != nil {
		return err
	}
	if err := r.write(); err != nil {
		return err
	}
	if err := env.Ready(); err != nil {
		return err
	}
	env.Log.Info("the daemon answers")
	<-ctx.Done()
	if r.Scenario == "stubborn" {
		select {}
	}
	return ctx.Err()
}

func (r recipe) write() error {
	seen := report{
		PID: os.Getpid(), PPID: os.Getppid(), UID: os.Geteuid(), GID: os.Getegid(),
	}
	seen.Groups, _ = os.Getgroups()
	seen.Dir, _ = os.Getwd()
	seen.Umask = syscall.Umask(0)
	syscall.Umask(seen.Umask)
	seen.lookAround()
	text, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	return os.WriteFile(r.Report, text, 0o600)
}

// newRecipe returns a daemon in the foreground under a directory of the
// test's, as the user who runs the tests.
func newRecipe(t *testing.T, scenario string) recipe {
	t.Helper()
	root := filepath.Join(t.TempDir(), "node1")
	dirs, err := paths.Virtual(root, "node1")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dirs.Run, dirs.Log} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return recipe{
		Options: Options{
			Identity:   Identity{Name: "ganeti-testd", LogBase: "test-daemon", User: "nobody-at-all", Group: "nobody-at-all"},
			Dirs:       dirs,
			Version:    "1.2.3",
			Foreground: true, NoUserChecks: true,
		},
		Scenario: scenario,
		Report:   filepath.Join(dirs.Run, "report"),
	}
}

// me is the account of whoever runs the tests.
func me(t *testing.T) Account {
	t.Helper()
	current, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(current.Gid)
	if err != nil {
		t.Fatal(err)
	}
	account, err := LookupAccount(current.Username, group.Name)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

// A process is a daemon in the foreground.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr io.Closer
	lines  chan string
	exited chan struct{}
	err    error // of Wait, once exited is closed
}

func (r recipe) command(t *testing.T) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), recipeEnv+"="+string(text))
	return cmd
}

// run starts the daemon in the foreground, with more in its environment.
func (r recipe) run(t *testing.T, environment ...string) *process {
	t.Helper()
	cmd := r.command(t)
	cmd.Env = append(cmd.Env, environment...)
	return follow(t, cmd)
}

// runUnder starts it by a program, which is given the daemon's path as its
// last argument.
func (r recipe) runUnder(t *testing.T, program string, arguments ...string) *process {
	t.Helper()
	daemon := r.command(t)
	cmd := exec.Command(program, append(arguments, daemon.Path)...)
	cmd.Env = daemon.Env
	return follow(t, cmd)
}

// follow starts a daemon and reads what it says.
func follow(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = writer
	err = cmd.Start()
	writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd, stderr: reader, lines: make(chan string, 64), exited: make(chan struct{})}
	go func() {
		scanner := bufio.NewScanner(reader)
		for scanner.Scan() {
			p.lines <- scanner.Text()
		}
		close(p.lines)
	}()
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		reader.Close()
		for range p.lines {
		}
		<-p.exited
	})
	return p
}

// expect waits for a line with the text and returns it.
func (p *process) expect(text string) string {
	p.t.Helper()
	timeout := time.After(patience)
	var seen []string
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("no line with %q before the end; seen:\n%s", text, strings.Join(seen, "\n"))
			}
			if strings.Contains(line, text) {
				return line
			}
			seen = append(seen, line)
		case <-timeout:
			p.t.Fatalf("no line with %q; seen:\n%s", text, strings.Join(seen, "\n"))
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the process to end and returns its exit.
func (p *process) wait() *os.ProcessState {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState
	case <-time.After(patience):
		p.t.Fatal("the daemon doesn't end")
	}
	return nil
}

func (r recipe) readReport(t *testing.T) report {
	t.Helper()
	text, err := os.ReadFile(r.Report)
	if err != nil {
		t.Fatal(err)
	}
	var seen report
	if err := json.Unmarshal(text, &seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

func (r recipe) pidFile() string { return r.Options.Dirs.PIDFile(r.Options.Identity.Name) }
func (r recipe) logFile() string { return r.Options.Dirs.LogFile(r.Options.Identity.LogBase) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
