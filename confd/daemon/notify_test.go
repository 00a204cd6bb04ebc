package daemon

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// notifySocket is a service manager's end: what daemons tell it arrives in the
// channel.
func notifySocket(t *testing.T) (notices <-chan string, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	received := make(chan string, 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 4096)
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			received <- string(buffer[:n])
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return received, path
}

func expectNotice(t *testing.T, notices <-chan string, want string) {
	t.Helper()
	select {
	case notice := <-notices:
		if first, _, _ := strings.Cut(notice, "\n"); first != want {
			t.Fatalf("notice %q, want %q", notice, want)
		}
	case <-time.After(patience):
		t.Fatalf("no notice, want %q", want)
	}
}
