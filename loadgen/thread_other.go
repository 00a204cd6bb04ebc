//go:build !linux

package loadgen

import (
	"errors"
	"fmt"
	"time"
)

func threadTime() (used time.Duration, known bool) { return 0, false }

func PinThread(core int) error {
	return fmt.Errorf("run on core %d: %w", core, errors.ErrUnsupported)
}

func sleepPrecisely() {}
