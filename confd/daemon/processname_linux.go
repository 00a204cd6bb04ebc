package daemon

import "os"

// nameProcess makes ps, and daemon-util's start-stop-daemon --name, find the
// process under the daemon's name however it was called. The name is that of
// the process's first thread; 15 bytes of it are kept. Failing is harmless.
func nameProcess(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }
