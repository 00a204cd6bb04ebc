package cache

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// lowestNice is the least share of a processor that still makes progress when
// the queries take all they can get: about 1.5 % of a core. SCHED_IDLE would
// leave a reload to starve.
const lowestNice = 19

// runOnLowestPriority runs f on an operating system thread of the lowest
// priority and waits for it. The thread ends with f, since a process without
// privileges can't raise its priority again.
func runOnLowestPriority(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		// A refusal leaves the priority as it is, which only costs latency.
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), lowestNice)
		f()
	}()
	<-done
}
