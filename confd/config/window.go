package config

import (
	"cmp"
	"fmt"
	"io"
)

const (
	// windowSize is how much of a file is held at a time. An object at its end is read twice, so it should be large beside an
	// object of some kilobytes, and small beside a processor's cache.
	windowSize = 256 << 10
	// MaxObject bounds the text of one object, as it is read and as it is written, in bytes, and so the memory that Walk takes. The largest sensible one, a
	// cluster or a network with all its members in use, has a few megabytes.
	MaxObject = 64 << 20
)

const objectTooLarge = "an object of more than 64 MiB"

// A window moves over a file that is read; its transcoder works on the part in sight.
type window struct {
	t   transcoder
	r   io.Reader
	buf []byte
}

func newWindow(r io.Reader, size int) window {
	buf := make([]byte, size+windowPad)
	return window{r: r, buf: buf, t: transcoder{in: buf[:windowPad]}}
}

// refill moves the window on, so that it begins where the transcoder stands, and fills it. A window that is full already is
// doubled.
func (w *window) refill() error {
	t := &w.t
	if t.pos == 0 && t.end+windowPad == len(w.buf) {
		if t.end >= cmp.Or(t.limit, MaxObject) {
			return &Error{Rule: objectTooLarge, Offset: t.origin, Err: ErrLimit}
		}
		w.buf = append(make([]byte, 0, 2*t.end+windowPad), w.buf...)[:2*t.end+windowPad]
	}
	copy(w.buf, w.buf[t.pos:t.end])
	t.origin += int64(t.pos)
	t.end -= t.pos
	t.pos = 0
	n, err := io.ReadFull(w.r, w.buf[t.end:len(w.buf)-windowPad])
	t.end += n
	t.in = w.buf[:t.end+windowPad]
	clear(t.in[t.end:])
	switch err {
	case nil:
		return nil
	case io.EOF, io.ErrUnexpectedEOF:
		t.last = true
		return nil
	}
	return fmt.Errorf("reading the configuration: %w", err)
}
