package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ticksPerSecond is the unit of processor times in /proc: USER_HZ, which is 100 on
// every Linux platform that Go supports.
const ticksPerSecond = 100

// processorTime is what processes have used, in seconds.
type processorTime struct{ user, system float64 }

func (t processorTime) minus(o processorTime) processorTime {
	return processorTime{t.user - o.user, t.system - o.system}
}

// processorTime is that of the process and of all that it started: some servers
// answer from a child.
func (p *process) processorTime() (processorTime, error) {
	return processorTimeBelow("/proc", p.pid())
}

// processorTimeBelow adds up a process and its descendants.
func processorTimeBelow(proc string, root int) (sum processorTime, err error) {
	paths, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return sum, err
	}
	type entry struct {
		parent int
		used   processorTime
	}
	entries := make(map[int]entry, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since
		}
		pid, parent, used, err := parseStat(text)
		if err != nil {
			return sum, fmt.Errorf("%s: %w", path, err)
		}
		entries[pid] = entry{parent, used}
	}
	if _, found := entries[root]; !found {
		return sum, fmt.Errorf("process %d is gone", root)
	}
	below := func(pid int) bool {
		for range entries { // no chain of parents is longer
			if pid == root {
				return true
			}
			pid = entries[pid].parent
		}
		return false
	}
	for pid, e := range entries {
		if below(pid) {
			sum.user += e.used.user
			sum.system += e.used.system
		}
	}
	return sum, nil
}

// parseStat reads what /proc/PID/stat says.
func parseStat(text []byte) (pid, parent int, used processorTime, err error) {
	// The second field, the name in parentheses, may hold anything.
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return 0, 0, used, errors.New("no name")
	}
	fields := strings.Fields(string(text[end+1:]))
	const above, user, system = 1, 11, 12 // counted from the third field
	if len(fields) <= system {
		return 0, 0, used, fmt.Errorf("only %d fields after the name", len(fields))
	}
	pid, err1 := strconv.Atoi(strings.TrimSpace(string(text[:open])))
	parent, err2 := strconv.Atoi(fields[above])
	u, err3 := strconv.ParseFloat(fields[user], 64)
	s, err4 := strconv.ParseFloat(fields[system], 64)
	return pid, parent, processorTime{u / ticksPerSecond, s / ticksPerSecond}, errors.Join(err1, err2, err3, err4)
}

// peakMemory is the largest resident memory that a process had, in bytes.
func (p *process) peakMemory() (int64, error) { return p.memory("VmHWM") }

// residentMemory is what it has now, in bytes.
func (p *process) residentMemory() (int64, error) { return p.memory("VmRSS") }

// memory reads a line of /proc/PID/status that gives kibibytes.
func (p *process) memory(field string) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", p.pid())
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, field)
}
