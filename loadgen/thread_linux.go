package loadgen

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// threadTime returns the processor time that the calling thread has used.
func threadTime() (used time.Duration, known bool) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		return 0, false
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), true
}

// PinThread lets the calling thread run on one core only.
func PinThread(core int) error {
	var set unix.CPUSet
	set.Set(core)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("run on core %d: %w", core, err)
	}
	return nil
}

// sleepPrecisely makes the kernel wake the calling thread when it asked for, not up
// to 50 µs later, which saves wake-ups of idle desktops. Where it fails, sends are
// that much later, and the result shows it.
func sleepPrecisely() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}
