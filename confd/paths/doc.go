// Package paths says where every file of a node lives, and what the node is called.
//
// The layout is that of Debian's Ganeti packages: data in /var/lib/ganeti,
// sockets and PID files in /var/run/ganeti, logs in /var/log/ganeti, settings
// in /etc/ganeti. A virtual cluster moves all of it under one directory per
// node, so that many nodes share a machine; the rules are Ganeti's own:
//
//   - GANETI_ROOTDIR and GANETI_HOSTNAME are given together or not at all
//   - the root is absolute, and its last component is the node's name, so
//     that the root of another node can be told from its name
//   - only paths move: addresses, users and /etc/hosts stay the machine's
//
// The --root flag of our commands stands for both variables: the node's name
// is then the last component of the directory.
//
// A Dirs is a plain value. Nothing here keeps state, reads the environment
// behind the caller's back or creates a file; everything may be called from
// several goroutines.
package paths
