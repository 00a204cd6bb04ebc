package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ganetiConfdPeer is the reference.
var ganetiConfdPeer = &peer{
	name: "ganeti-confd", program: "/usr/lib/ganeti/3.0/usr/sbin/ganeti-confd", pkg: "ganeti-haskell-3.0", question: []string{"--version"},
}

// referenceNode is the node that the reference is told to be.
const referenceNode = "node1.example.com"

func reference(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
	if err != nil {
		return nil, err
	}
	theirs, err := l.ganetiConfd(ctx, config)
	if err != nil {
		return nil, err
	}
	ours, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return nil, err
	}
	outcomes, err := l.contest(ctx, config, contender{server: theirs, load: referenceLoad}, contender{server: ours})
	if err != nil {
		return nil, err
	}
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Plots:  []Plot{bars("Answers a second on one core, 1,000 instances", outcomes)},
		Goals:  []Goal{{What: "answers a second, of the reference's", Got: outcomes[1].rate.over(outcomes[0].rate).median(), Want: 25}},
	}, nil
}

// referenceLoad is what keeps the reference busy. It drops what doesn't fit its
// socket's small queue, so it is asked by few at a time.
var referenceLoad = []string{"--outstanding", "32", "--ahead", "100000"}

// ganetiConfd starts the reference on a config, below a root of its own: as in
// Ganeti's virtual clusters, nothing of the machine's own cluster is touched.
func (l *Lab) ganetiConfd(ctx context.Context, config string) (*server, error) {
	if err := l.need(ganetiConfdPeer); err != nil {
		return nil, err
	}
	addr := l.nextAddr()
	root := filepath.Join(l.Dir, fmt.Sprintf("ganeti.%d", addr.Port()), referenceNode)
	data := filepath.Join(root, "var", "lib", "ganeti")
	var errs []error
	for _, dir := range []string{data, filepath.Join(root, "var", "run", "ganeti"), filepath.Join(root, "var", "log", "ganeti")} {
		errs = append(errs, os.MkdirAll(dir, 0o755))
	}
	errs = append(errs, link(config, filepath.Join(data, "config.data")), link(l.keyFile(), filepath.Join(data, "hmac.key")))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s := &server{name: ganetiConfdPeer.name, addr: addr, scheme: "confd", config: config}
	return l.launch(ctx, s, func() error { return l.ping(addr) }, serverCore,
		[]string{"LC_ALL=C.UTF-8", "GANETI_ROOTDIR=" + root, "GANETI_HOSTNAME=" + referenceNode}, ganetiConfdPeer.program,
		"-f", "--no-user-checks", "-b", addr.Addr().String(), "-p", fmt.Sprint(addr.Port()))
}
