package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gantry/confd/wire"
)

// referencePath is where Debian's package puts ganeti-confd 3.0.
const referencePath = "/usr/lib/ganeti/3.0/usr/sbin/ganeti-confd"

// errCluster protects a real cluster: the reference reads its files from fixed
// places.
var errCluster = errors.New("this machine has files of a Ganeti cluster in " + referenceData + ", which the reference would need for itself")

const referenceData = "/var/lib/ganeti"

func reference(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(1000)
	if err != nil {
		return nil, err
	}
	theirs, err := l.ganetiConfd(ctx, config)
	if err != nil {
		return nil, err
	}
	ours, err := l.confd(ctx, "confd", config, serverCore, 1)
	if err != nil {
		return nil, errors.Join(err, theirs.stop())
	}
	// The reference drops what doesn't fit its socket's small queue, so it is
	// asked by fewer at a time; that is enough to keep it busy.
	outcomes, err := l.contest(ctx, config,
		contender{server: theirs.server, load: []string{"--outstanding", "32"}},
		contender{server: ours})
	if err := errors.Join(err, theirs.stop(), ours.stop()); err != nil {
		return nil, err
	}
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Goals:  []Goal{{What: "answers a second, of the reference's", Got: outcomes[1].rate.over(outcomes[0].rate).median(), Want: 25}},
	}, nil
}

// referenceServer is ganeti-confd and the files that it was given.
type referenceServer struct {
	*server
	files []string
}

// ganetiConfd starts the reference on a config.
func (l *Lab) ganetiConfd(ctx context.Context, config string) (*referenceServer, error) {
	if _, err := os.Stat(referencePath); err != nil {
		return nil, fmt.Errorf("the reference is not installed (Debian's package ganeti-haskell-3.0): %w", err)
	}
	r := &referenceServer{}
	for name, from := range map[string]string{"config.data": config, "hmac.key": l.keyFile()} {
		to := filepath.Join(referenceData, name)
		if err := copyNew(from, to); err != nil {
			return nil, errors.Join(err, r.remove())
		}
		r.files = append(r.files, to)
	}
	addr := l.nextAddr()
	p, err := l.startProcess(serverCore, []string{"LC_ALL=C.UTF-8"}, referencePath,
		"-f", "--no-user-checks", "-b", addr.Addr().String(), "-p", fmt.Sprint(addr.Port()))
	if err != nil {
		return nil, errors.Join(err, r.remove())
	}
	r.server = &server{p, "ganeti-confd", addr, "confd", config}
	err = p.await(ctx, func() error {
		reply, err := l.ask(addr, wire.ReqPing, wire.Query{}, readyTimeout)
		if err == nil && reply.Status != int(wire.StatusOK) {
			return errNoConfig
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ganeti-confd: %w", err), r.stop())
	}
	return r, nil
}

func (r *referenceServer) stop() error { return errors.Join(r.server.stop(), r.remove()) }

func (r *referenceServer) remove() (err error) {
	for _, file := range r.files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

// copyNew copies a file to a name that must be free.
func copyNew(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, os.ErrExist) {
		return errCluster
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
