package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"gantry/loadgen"
)

// progressLine tells of a run while it goes on: on a terminal in one line that is
// written over, elsewhere in a line each time.
type progressLine struct {
	w        io.Writer
	terminal bool

	mu    sync.Mutex
	last  loadgen.Progress
	shown bool
}

func newProgressLine(w io.Writer) *progressLine {
	f, _ := w.(*os.File)
	return &progressLine{w: w, terminal: f != nil && isTerminal(f)}
}

// update shows the rates since the last update.
func (p *progressLine) update(now loadgen.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Elapsed < p.last.Elapsed {
		p.last = loadgen.Progress{} // of the trial before
	}
	line := progressText(&p.last, &now)
	p.last = now
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s\x1b[K", line)
		p.shown = true
		return
	}
	fmt.Fprintln(p.w, line)
}

func progressText(last, now *loadgen.Progress) string {
	phase := ""
	if !now.Measuring {
		phase = "  warming up"
	}
	seconds := (now.Elapsed - last.Elapsed).Seconds()
	perSecond := func(n, before uint64) float64 {
		return float64(n-min(n, before)) / max(seconds, time.Microsecond.Seconds())
	}
	return fmt.Sprintf("%6.1f s  sent %.0f/s  answered %.0f/s  not right %d%s", now.Elapsed.Seconds(),
		perSecond(now.Sent, last.Sent), perSecond(now.Answered, last.Answered), now.Faults, phase)
}

// clear takes the line off the terminal.
func (p *progressLine) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
