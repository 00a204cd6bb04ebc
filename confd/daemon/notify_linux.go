package daemon

import (
	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// Messages to the service manager, if one asked for them in NOTIFY_SOCKET. A
// manager that can't be reached sees a late or missing message; there is
// nobody else to tell.

func notifyReady() { _, _ = systemd.SdNotify(false, systemd.SdNotifyReady) }

func notifyStopping() { _, _ = systemd.SdNotify(false, systemd.SdNotifyStopping) }

// notifyReloading is followed by notifyReady. The time tells the manager
// which of several reloads a later message belongs to.
func notifyReloading() {
	_, _ = systemd.SdNotify(false, systemd.SdNotifyReloading+"\n"+systemd.SdNotifyMonotonicUsec())
}
