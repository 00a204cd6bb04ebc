package client

import (
	"errors"
	"fmt"
	"strings"
)

// What the methods' errors wrap.
var (
	ErrNoPeers          = errors.New("no peers are known")
	ErrTooManyPeers     = fmt.Errorf("more than %d peers", MaxPeers)
	ErrMixedFamilies    = errors.New("peers must be of one address family")
	ErrInvalidPeer      = errors.New("invalid peer address")
	ErrCoverage         = errors.New("not enough peers for the coverage")
	ErrMissingSalt      = errors.New("request has no reply salt")
	ErrDuplicateSalt    = errors.New("a request with this reply salt is outstanding")
	ErrInvalidType      = errors.New("invalid request type")
	ErrRequestTooBig    = fmt.Errorf("request exceeds %d bytes", MaxRequest)
	ErrTooManyRequests  = fmt.Errorf("more than %d requests are outstanding", MaxOutstanding)
	ErrQueueFull        = fmt.Errorf("more than %d bytes of requests wait to be sent", MaxQueuedBytes)
	ErrClosed           = errors.New("client is closed")
	ErrNoAnswer         = errors.New("no answer")
	ErrTooFewAnswers    = errors.New("too few answers")
	ErrPeerSilent       = errors.New("peer answers nothing")
	ErrUnexpectedAnswer = errors.New("unexpected answer")
)

// CoverageError says that a synchronous call ended before enough peers had answered. It is ErrNoAnswer if none had, else ErrTooFewAnswers,
// and wraps the reason for the end: mostly context.DeadlineExceeded.
type CoverageError struct {
	Asked    int // peers that were sent the request
	Answered int // those that answered
	Failed   int // those of them that couldn't tell
	Needed   int // those that had to tell
	Cause    error
}

func (e *CoverageError) Error() string {
	if e.Answered == 0 {
		return fmt.Sprintf("no answer from %s", plural(e.Asked, "peer"))
	}
	text := fmt.Sprintf("%d of %s answered, %d needed", e.Answered, plural(e.Asked, "peer"), e.Needed)
	if e.Failed > 0 {
		text += fmt.Sprintf(" (%d couldn't tell)", e.Failed)
	}
	return text
}

// Is recognises ErrNoAnswer and ErrTooFewAnswers.
func (e *CoverageError) Is(target error) bool {
	if e.Answered == 0 {
		return target == ErrNoAnswer
	}
	return target == ErrTooFewAnswers
}

// Unwrap returns the reason for the end.
func (e *CoverageError) Unwrap() error { return e.Cause }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// oneLine makes a text of several lines, as some servers' errors are, fit into one.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(lines, " ")
}
