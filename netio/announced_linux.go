package netio

import (
	"net/netip"
	"sync"
)

// announced tells Config.Notify about the sockets of one address, each thing
// once, however many workers find it out.
type announced struct {
	addr   netip.AddrPort
	notify func(error)

	receive, send, queue sync.Once
}

func (a *announced) offload(feature Feature, err error) {
	once := &a.receive
	if feature == SegmentedSend {
		once = &a.send
	}
	once.Do(func() { a.notify(&OffloadError{Addr: a.addr, Feature: feature, Err: err}) })
}

func (a *announced) buffer(asked, got int) {
	a.queue.Do(func() { a.notify(&BufferError{Addr: a.addr, Asked: asked, Got: got}) })
}
