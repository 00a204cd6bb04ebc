package netio

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// openTransports opens the sockets of all workers, or takes over the inherited
// ones, and gives each worker its own.
func openTransports(cfg *Config) (transports []Transport, err error) {
	plan, err := adoptFiles(cfg)
	defer func() {
		if err != nil {
			plan.closeAll()
		}
	}()
	if err != nil {
		return nil, err
	}
	for _, addr := range cfg.Addrs {
		if plan.find(addr) == nil {
			plan = append(plan, &planned{addr: addr, both: bothFamilies(addr, cfg.Addrs)})
		}
	}
	sockets := make([][]*socket, cfg.Workers)
	for _, p := range plan {
		if err := p.fill(cfg.Workers); err != nil {
			return nil, fmt.Errorf("netio: listen on %s: %w", p.addr, err)
		}
		note := &announced{addr: p.addr, notify: cfg.Notify}
		for i, fd := range p.fds {
			s, err := prepare(fd, cfg, note)
			if err != nil {
				return nil, fmt.Errorf("netio: listen on %s: %w", p.addr, err)
			}
			worker := i % cfg.Workers
			sockets[worker] = append(sockets[worker], s)
		}
	}
	for _, own := range sockets {
		t, err := newMessageTransport(own, cfg)
		if err != nil {
			for _, t := range transports {
				t.(*messageTransport).waiter.close()
			}
			return nil, err
		}
		transports = append(transports, t)
	}
	return transports, nil
}

// planned is an address and the sockets bound to it.
type planned struct {
	addr netip.AddrPort
	both bool // of both families
	fds  []int
}

type plan []*planned

func (p plan) find(addr netip.AddrPort) *planned {
	for _, a := range p {
		if a.addr == addr {
			return a
		}
	}
	return nil
}

func (p plan) closeAll() {
	for _, a := range p {
		for _, fd := range a.fds {
			unix.Close(fd)
		}
	}
}

// adoptFiles duplicates the inherited descriptors and sorts them by address. An
// address may have more sockets than there are workers: closing one would lose
// what is queued in it, so they are dealt out instead.
func adoptFiles(cfg *Config) (p plan, err error) {
	for i, f := range cfg.Files {
		fd, addr, err := adopt(f)
		if err != nil {
			return p, fmt.Errorf("netio: inherited descriptor %d (%s): %w", i, f.Name(), err)
		}
		a := p.find(addr)
		if a == nil {
			a = &planned{addr: addr}
			p = append(p, a)
		}
		a.fds = append(a.fds, fd)
	}
	return p, nil
}

// fill opens sockets until each worker can have one. With port 0 the first one's
// port becomes everybody's.
func (p *planned) fill(workers int) error {
	for len(p.fds) < workers {
		fd, err := openSocket(p.addr, len(p.fds) == 0, p.both)
		if err != nil {
			return err
		}
		p.fds = append(p.fds, fd)
		if p.addr.Port() == 0 {
			if p.addr, err = boundAddr(fd); err != nil {
				return err
			}
		}
	}
	return nil
}
