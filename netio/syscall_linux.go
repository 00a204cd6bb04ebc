package netio

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// recvmmsg receives into the headers without ever blocking and returns how many
// were filled. The call is made raw: the scheduler is not told, which saves more
// than the call's own overhead, but only what cannot block may do so, because the
// world could not be stopped meanwhile. MSG_DONTWAIT sees to that, not the socket's
// O_NONBLOCK, which whoever has a duplicate of the descriptor could switch off.
func recvmmsg(fd int, headers []mmsghdr) (int, unix.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&headers[0])),
			uintptr(len(headers)), unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// sendmmsg sends the headers' messages without ever blocking and returns how many
// left; the error, if none did, is the first one's.
func sendmmsg(fd int, headers []mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&headers[0])),
		uintptr(len(headers)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}
