package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/valyala/fastjson"

	"gantry/confd/wire"
	"gantry/loadgen/capture"
)

// Listing is what a capture holds. Its JSON names are stable: new ones may come.
type Listing struct {
	Packets   uint64            `json:"packets"`
	Datagrams uint64            `json:"datagrams"`
	Links     map[string]uint64 `json:"link_types"` // packets by type of link
	Skipped   map[string]uint64 `json:"skipped"`    // packets that are no datagrams, by capture.Skip

	Requests map[string]uint64 `json:"requests"` // by type
	Replies  map[string]uint64 `json:"replies"`  // by status
	Unread   map[string]uint64 `json:"unread"`   // other datagrams, by wire.Drop

	// Verified says that a key was given: then Unread has what isn't signed with
	// it, too, and what was stale.
	Verified bool `json:"verified"`

	First   *time.Time `json:"first"` // datagram of confd's; null if there is none
	Last    *time.Time `json:"last"`
	Seconds float64    `json:"seconds"`

	Servers []Peer `json:"servers"` // those that are asked, by address and port
	Clients []Peer `json:"clients"` // those that ask, by address; the busiest come first
	Others  uint64 `json:"others"`  // requests and replies of peers beyond MaxPeers
}

// Peer is one side of a conversation.
type Peer struct {
	Addr     string `json:"addr"`
	Requests uint64 `json:"requests"`
	Replies  uint64 `json:"replies"`
}

// MaxPeers bounds the servers and the clients that a listing names, and so its
// memory.
const MaxPeers = 1000

// List reads a capture to its end. key may be nil: then datagrams are taken for
// what they say they are.
func List(file io.Reader, key *wire.Key) (*Listing, error) {
	reader, err := capture.NewReader(file)
	if err != nil {
		return nil, err
	}
	l := &Listing{
		Skipped: map[string]uint64{}, Requests: map[string]uint64{}, Replies: map[string]uint64{}, Unread: map[string]uint64{}, Verified: key != nil,
	}
	kind := new(claims).kind
	if key != nil {
		messages := newMessages(key)
		kind = messages.kind
	}
	servers, clients := map[netip.AddrPort]*Peer{}, map[netip.Addr]*Peer{}
	for {
		d, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		what := kind(d.Payload, d.Time)
		if what.drop == wire.DropEnvelope.String() {
			if all := parts(d.Payload); all != nil {
				for _, part := range all {
					l.add(&d, kind(part, d.Time), servers, clients)
				}
				continue
			}
		}
		l.add(&d, what, servers, clients)
	}
	l.finish(reader.Stats(), servers, clients)
	return l, nil
}

// said is what a datagram is: a request of a type, a reply of a status, or neither
// for a reason.
type said struct {
	request, reply, drop string
}

// kind says what a datagram is to who has the key.
func (m *messages) kind(datagram []byte, at time.Time) said {
	switch message := m.read(datagram, at); {
	case message.request != nil:
		return said{request: message.request.Type.String()}
	case message.reply != nil:
		return said{reply: statusName(message.reply.Status)}
	default:
		return said{drop: message.drop.String()}
	}
}

// claims reads datagrams without the key.
type claims struct{ envelope, inner fastjson.Parser }

// kind says what a datagram claims to be.
func (c *claims) kind(datagram []byte, _ time.Time) said {
	switch {
	case len(datagram) < len(wire.Magic):
		return said{drop: wire.DropShort.String()}
	case !bytes.HasPrefix(datagram, []byte(wire.Magic)):
		return said{drop: wire.DropMagic.String()}
	}
	text, ok := innerText(&c.envelope, datagram)
	if !ok {
		return said{drop: wire.DropEnvelope.String()}
	}
	if inner, err := c.inner.ParseBytes(text); err == nil {
		if number, ok := number(inner.Get("type")); ok && 0 <= number && number < wire.NumTypes {
			return said{request: wire.Type(number).String()}
		}
		if status, ok := number(inner.Get("status")); ok {
			return said{reply: statusName(status)}
		}
	}
	return said{drop: wire.DropRequest.String()}
}

// number is the value of a member that there is, and that is an integer.
func number(v *fastjson.Value) (n int, ok bool) {
	if v == nil {
		return 0, false
	}
	n, err := v.Int()
	return n, err == nil
}

func statusName(status int) string {
	if status >= 0 && status < wire.NumStatuses {
		return wire.Status(status).String()
	}
	return fmt.Sprintf("status_%d", status)
}

func (l *Listing) add(d *capture.Datagram, s said, servers map[netip.AddrPort]*Peer, clients map[netip.Addr]*Peer) {
	var server, client *Peer
	switch {
	case s.drop != "":
		l.Unread[s.drop]++
		return
	case s.request != "":
		l.Requests[s.request]++
		server, client = peer(servers, d.Dst), peer(clients, d.Src.Addr())
	default:
		l.Replies[s.reply]++
		server, client = peer(servers, d.Src), peer(clients, d.Dst.Addr())
	}
	for _, p := range []*Peer{server, client} {
		switch {
		case p == nil:
			l.Others++
		case s.request != "":
			p.Requests++
		default:
			p.Replies++
		}
	}
	if at := d.Time; l.First == nil {
		l.First, l.Last = &at, &at
	} else if at.After(*l.Last) {
		l.Last = &at
	} else if at.Before(*l.First) {
		l.First = &at
	}
}

// peer returns the entry of an address, nil if there is no room for one.
func peer[A interface {
	comparable
	String() string
}](peers map[A]*Peer, addr A) *Peer {
	p := peers[addr]
	if p == nil && len(peers) < MaxPeers {
		p = &Peer{Addr: addr.String()}
		peers[addr] = p
	}
	return p
}

func (l *Listing) finish(s capture.Stats, servers map[netip.AddrPort]*Peer, clients map[netip.Addr]*Peer) {
	l.Packets, l.Datagrams, l.Links = s.Packets, s.Datagrams, s.Links
	for reason, n := range s.Skipped {
		if n > 0 {
			l.Skipped[capture.Skip(reason).String()] = n
		}
	}
	if l.First != nil {
		l.Seconds = l.Last.Sub(*l.First).Seconds()
	}
	l.Servers, l.Clients = busiest(servers), busiest(clients)
}

// busiest orders peers by what they said, and then by name.
func busiest[A comparable](peers map[A]*Peer) []Peer {
	list := []Peer{}
	for _, p := range peers {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Peer) int {
		if x, y := a.Requests+a.Replies, b.Requests+b.Replies; x != y {
			if x > y {
				return -1
			}
			return 1
		}
		if a.Addr < b.Addr {
			return -1
		}
		return 1
	})
	return list
}
