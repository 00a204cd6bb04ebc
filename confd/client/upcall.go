package client

import (
	"net/netip"
	"strconv"
)

// UpcallType says why a callback is called.
type UpcallType uint8

// The types of upcall.
const (
	UpcallReply  UpcallType = 1 // a server answered: all fields of the Upcall are set
	UpcallExpire UpcallType = 2 // no more replies to the request are taken: Reply and Server are zero
)

// UpcallTypes returns both types.
func UpcallTypes() []UpcallType { return []UpcallType{UpcallReply, UpcallExpire} }

// String returns "reply" or "expire".
func (t UpcallType) String() string {
	switch t {
	case UpcallReply:
		return "reply"
	case UpcallExpire:
		return "expire"
	}
	return "upcall " + strconv.Itoa(int(t))
}

// Upcall is what a callback is told. It is the callback's to keep, and to treat as read-only.
type Upcall struct {
	Type    UpcallType
	Salt    string   // of the request
	Request *Request // the one that was given to SendRequest
	Args    any      // what was given to SendRequest beside it
	Client  *Client
	Reply   Reply
	Server  netip.AddrPort // who answered
}

// A Callback takes replies and expirations. The client calls it for one Upcall at a time, in the order in which they happen; it may call the
// client's methods, except Close and those that wait for replies (ReceiveReply, WaitForReply, Query, Batch).
type Callback func(*Upcall)
