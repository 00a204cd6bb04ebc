package paths_test

import (
	"testing"

	"gantry/confd/paths"
)

// The places as ganeti-confd 3.0.2 and its tools use them.
func TestLayout(t *testing.T) {
	virtual, err := paths.Virtual("/srv/v/node1", "node1")
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range []struct {
		prefix string
		dirs   paths.Dirs
	}{{"", paths.Real()}, {"/srv/v/node1", virtual}} {
		d := root.dirs
		for _, test := range []struct{ got, want string }{
			{d.Config(), "/var/lib/ganeti/config.data"},
			{d.HMACKey(), "/var/lib/ganeti/hmac.key"},
			{d.Ssconf("master_node"), "/var/lib/ganeti/ssconf_master_node"},
			{d.SsconfLock(), "/var/lock/ganeti-ssconf.lock"},
			{d.NodeCertificate(), "/var/lib/ganeti/server.pem"},
			{d.NodeClientCertificate(), "/var/lib/ganeti/client.pem"},
			{d.Queue, "/var/lib/ganeti/queue"},
			{d.QuerySocket(), "/var/run/ganeti/socket/ganeti-query"},
			{d.MasterSocket(), "/var/run/ganeti/socket/ganeti-master"},
			{d.PIDFile("ganeti-confd"), "/var/run/ganeti/ganeti-confd.pid"},
			{d.LogFile("conf-daemon"), "/var/log/ganeti/conf-daemon.log"},
			{d.Conf, "/etc/ganeti"},
		} {
			if want := root.prefix + test.want; test.got != want {
				t.Errorf("%s, want %s", test.got, want)
			}
		}
	}
}
