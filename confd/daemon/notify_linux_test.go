package daemon

import (
	"syscall"
	"testing"
)

func TestServiceManagerIsTold(t *testing.T) {
	notices, socket := notifySocket(t)
	p := newRecipe(t, "serve").run(t, "NOTIFY_SOCKET="+socket)
	expectNotice(t, notices, "READY=1")
	p.signal(syscall.SIGHUP)
	expectNotice(t, notices, "RELOADING=1")
	expectNotice(t, notices, "READY=1")
	p.signal(syscall.SIGTERM)
	expectNotice(t, notices, "STOPPING=1")
	p.wait()
}
