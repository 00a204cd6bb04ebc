package client

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strconv"
	"strings"

	"gantry/confd/wire"
)

// SameAnswer says whether two answers have one value: objects whatever the order of their keys, lists in order, numbers however they are
// written. Text that isn't JSON is the same as itself only.
func SameAnswer(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	left, ok := parseAnswer(a)
	if !ok {
		return false
	}
	right, ok := parseAnswer(b)
	return ok && sameValue(left, right)
}

// same says whether two replies state the same, whatever their serials.
func (r Reply) same(as Reply) bool {
	return r.Status == as.Status && SameAnswer(r.Answer, as.Answer)
}

// contradicts says whether two replies are answers from the same state of the config that differ, which can't be.
func (r Reply) contradicts(other Reply) bool {
	return r.Status == wire.StatusOK && other.Status == wire.StatusOK && r.Serial == other.Serial && !r.same(other)
}

func parseAnswer(text json.RawMessage) (value any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil, false
	}
	_, err := decoder.Token()
	return value, err == io.EOF
}

func sameValue(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			other, found := b[key]
			if !found || !sameValue(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameValue(a[i], b[i]) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	}
	return a == b
}

// longestNumber is the length of text up to which numbers are compared by value. It admits every 64-bit integer and the longest form of a
// double that servers write; longer ones, whose exponent could ask for gigabytes, are compared as texts.
const longestNumber = 32

// maxExponent bounds how far two numbers' magnitudes are expanded to compare them; a double's reaches 324.
const maxExponent = 400

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	left, ok := exactNumber(string(a))
	if !ok {
		return false
	}
	right, ok := exactNumber(string(b))
	return ok && left.Cmp(right) == 0
}

func exactNumber(text string) (*big.Rat, bool) {
	if len(text) > longestNumber {
		return nil, false
	}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent, err := strconv.Atoi(text[i+1:])
		if err != nil || exponent > maxExponent || exponent < -maxExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}
