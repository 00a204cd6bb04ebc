package config

import (
	"errors"
	"fmt"
)

var (
	// ErrSyntax means that the text isn't JSON: torn, with data after its end, a raw control character, a lone surrogate …
	ErrSyntax = errors.New("not valid JSON")
	// ErrLimit means that the text goes beyond MaxDepth or MaxObject, or a number beyond what a double can hold.
	ErrLimit = errors.New("too large")
	// ErrOldLayout means that the file has a layout older than 2.14's. Upgrade reads those.
	ErrOldLayout = errors.New("a layout older than 2.14's")
)

// Error says which part of a configuration is wrong, and how.
type Error struct {
	Object string // the object, such as "cluster" or "instances/30000000-0000-4000-8000-000000000001"; empty for the file itself
	Field  string // the way to the value inside the object, such as "nics/0/mac"; empty for the object itself
	Rule   string // what is wrong, such as "not a list" or "missing"
	Offset int64  // of the byte at which it was noticed, counted from the start of the text
	Err    error  // ErrSyntax, ErrLimit, ErrOldLayout, or nil for a value of the wrong shape
}

// Error returns, for example, "instances/30000000-0000-4000-8000-000000000001/disks: not a list (byte 4711)".
func (e *Error) Error() string {
	where := e.Object
	switch {
	case where == "" && e.Field == "":
		where = "configuration"
	case where == "":
		where = e.Field
	case e.Field != "":
		where += "/" + e.Field
	}
	what := e.Rule
	if e.Err != nil {
		what = e.Err.Error() + ": " + what
	}
	return fmt.Sprintf("%s: %s (byte %d)", where, what, e.Offset)
}

// Unwrap returns the kind of the error, for errors.Is.
func (e *Error) Unwrap() error { return e.Err }
