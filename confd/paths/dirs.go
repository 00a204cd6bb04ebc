package paths

import "path/filepath"

// Dirs holds the directories of one node. Real, Virtual and FromEnvironment
// make one; the zero value names nothing.
type Dirs struct {
	// Root is the virtual node's directory, empty on a real machine.
	Root string
	// Hostname is the virtual node's name, empty on a real machine: see NodeName.
	Hostname string

	Data    string // configuration, keys, certificates: /var/lib/ganeti
	Queue   string // the jobs: /var/lib/ganeti/queue
	Run     string // PID files and what lives until the next boot: /var/run/ganeti
	Sockets string // Unix sockets: /var/run/ganeti/socket
	Log     string // /var/log/ganeti
	Lock    string // lock files shared by tools and daemons: /var/lock
	Conf    string // settings that an administrator writes: /etc/ganeti
}

func layout(root, hostname string) Dirs {
	at := func(path string) string { return root + path }
	return Dirs{
		Root:     root,
		Hostname: hostname,
		Data:     at("/var/lib/ganeti"),
		Queue:    at("/var/lib/ganeti/queue"),
		Run:      at("/var/run/ganeti"),
		Sockets:  at("/var/run/ganeti/socket"),
		Log:      at("/var/log/ganeti"),
		Lock:     at("/var/lock"),
		Conf:     at("/etc/ganeti"),
	}
}

// Config is the cluster's configuration, replaced by rename.
func (d Dirs) Config() string { return filepath.Join(d.Data, "config.data") }

// HMACKey is the key that confd's messages are signed with.
func (d Dirs) HMACKey() string { return filepath.Join(d.Data, "hmac.key") }

// Ssconf is the file that holds one simple value of the configuration, such
// as "master_node" or "primary_ip_family".
func (d Dirs) Ssconf(key string) string { return filepath.Join(d.Data, "ssconf_"+key) }

// SsconfLock is held by whoever writes ssconf files.
func (d Dirs) SsconfLock() string { return filepath.Join(d.Lock, "ganeti-ssconf.lock") }

// NodeCertificate is the certificate and key of calls between nodes.
func (d Dirs) NodeCertificate() string { return filepath.Join(d.Data, "server.pem") }

// NodeClientCertificate is the certificate and key that a node calls others with.
func (d Dirs) NodeClientCertificate() string { return filepath.Join(d.Data, "client.pem") }

// QuerySocket is where LUXI queries, and in Ganeti 3.0 jobs too, are taken.
func (d Dirs) QuerySocket() string { return filepath.Join(d.Sockets, "ganeti-query") }

// MasterSocket is where LUXI jobs were taken before Ganeti 2.12.
func (d Dirs) MasterSocket() string { return filepath.Join(d.Sockets, "ganeti-master") }

// PIDFile is the file that the named daemon ("ganeti-confd") locks while it runs.
func (d Dirs) PIDFile(daemon string) string { return filepath.Join(d.Run, daemon+".pid") }

// LogFile is the log with the given base name: "conf-daemon" for ganeti-confd.
func (d Dirs) LogFile(base string) string { return filepath.Join(d.Log, base+".log") }
