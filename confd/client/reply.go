package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gantry/confd/wire"
)

// Reply is what a server said, after its signature was verified. It is a copy: the caller's to keep, and to treat as read-only as other
// callbacks get the same.
type Reply struct {
	Protocol int             // always wire.Protocol
	Status   wire.Status     // any of the three
	Answer   json.RawMessage // valid JSON
	Serial   int64           // of the config, or the part of it, that the answer is from; 0 for pings and most errors
}

// StatusError is a reply that isn't an answer. It matches ErrUnknownEntry, ErrInternal, ErrArgument or ErrNotImplemented if the server was
// that clear.
type StatusError struct {
	Reply Reply
}

// The causes that a StatusError can match.
//
// A server states them by number, and servers up to 2.9 numbered from one: their "unknown entry" reads as ErrInternal here, their
// "internal" as ErrArgument, and their "argument" as none. Whoever talks to such old servers goes by the Reply alone.
var (
	ErrUnknownEntry   = errors.New("unknown entry")
	ErrInternal       = errors.New("internal error of the server")
	ErrArgument       = errors.New("wrong argument")
	ErrNotImplemented = errors.New("not implemented by the server")
)

// Err returns nil if the reply is an answer, else a *StatusError.
func (r Reply) Err() error {
	if r.Status == wire.StatusOK {
		return nil
	}
	return &StatusError{r}
}

// Code returns the number that the server gave as the cause.
func (e *StatusError) Code() (code wire.ErrorCode, given bool) {
	var n uint8
	if json.Unmarshal(e.Reply.Answer, &n) != nil || string(e.Reply.Answer) == "null" {
		return 0, false
	}
	return wire.ErrorCode(n), true
}

// Text returns what the server said as the cause, "" if it gave a number.
func (e *StatusError) Text() string {
	var text string
	if json.Unmarshal(e.Reply.Answer, &text) != nil {
		return ""
	}
	return text
}

// Error returns one line.
func (e *StatusError) Error() string {
	if text := e.Text(); text != "" {
		return "server says: " + oneLine(text)
	}
	if cause := e.cause(); cause != nil {
		return cause.Error()
	}
	return fmt.Sprintf("server says: status %d, %s", e.Reply.Status, oneLine(string(e.Reply.Answer)))
}

// Is recognises the causes.
func (e *StatusError) Is(target error) bool { return target != nil && target == e.cause() }

// noSuchEntry is in the texts of servers that don't find a name: the code that the reference gives such errors.
const noSuchEntry = "ECodeNoEnt"

func (e *StatusError) cause() error {
	if e.Reply.Status == wire.StatusNotImplemented {
		return ErrNotImplemented
	}
	if strings.Contains(e.Text(), noSuchEntry) {
		return ErrUnknownEntry
	}
	if code, given := e.Code(); given {
		switch code {
		case wire.ErrorUnknownEntry:
			return ErrUnknownEntry
		case wire.ErrorInternal:
			return ErrInternal
		case wire.ErrorArgument:
			return ErrArgument
		}
	}
	return nil
}

// settles says whether asking another server would be no use: the reply is an answer, or its error lies in the question.
func (r Reply) settles() bool {
	err := r.Err()
	return err == nil || errors.Is(err, ErrUnknownEntry) || errors.Is(err, ErrArgument)
}

// better says whether r is to be preferred to another reply to the same request: an answer over an error, then the higher serial.
func (r Reply) better(than Reply) bool {
	if (r.Status == wire.StatusOK) != (than.Status == wire.StatusOK) {
		return r.Status == wire.StatusOK
	}
	return r.Status == wire.StatusOK && r.Serial > than.Serial
}
