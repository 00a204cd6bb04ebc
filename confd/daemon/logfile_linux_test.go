package daemon

import (
	"errors"
	"syscall"
	"testing"
)

func TestLinesLostToAFullDiskAreCounted(t *testing.T) {
	f, err := openLogFile("/dev/full", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 3 {
		if _, err := f.Write([]byte("line\n")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v, want %v", err, syscall.ENOSPC)
		}
	}
	if lost := f.lost.Load(); lost != 3 {
		t.Errorf("%d lines lost, want 3", lost)
	}
}
