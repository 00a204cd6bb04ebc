package loadgen

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of files of payloads and mixes.
const (
	// MaxLines bounds what is kept of a file: with lines of usual length, some
	// hundred megabytes.
	MaxLines = 1 << 20

	// maxLine is a datagram in its longest spelling: an escape of four characters
	// for each byte.
	maxLine = 4*MaxEchoSize + 16
)

// eachLine calls use with the lines of a file that are neither empty nor comments,
// without the space around them. Errors name the file and the line.
func eachLine(r io.Reader, name string, use func(line string) error) error {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	number := 0
	for scanner.Scan() {
		number++
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		err := use(line)
		if number > MaxLines {
			err = fmt.Errorf("more than %d lines", MaxLines)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("the line is longer than %d bytes", maxLine)
		}
		return fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	return nil
}

// ReadPayloads reads payloads, one on each line: "hex:" and hexadecimal digits,
// "base64:" and standard base64, or "text:" and text with Go's escapes (\n, \x00,
// \\, \"). Empty lines and lines that begin with # are skipped. name is the file's,
// for errors. Every payload must have at least as many bytes as the rule's counter.
func ReadPayloads(r io.Reader, name string, match Match) (payloads [][]byte, err error) {
	err = eachLine(r, name, func(line string) error {
		payload, err := parsePayload(line)
		if err == nil && (len(payload) < max(match.Prefix, 1) || len(payload) > MaxEchoSize) {
			err = fmt.Errorf("a payload of %d bytes is not within %d and %d", len(payload), max(match.Prefix, 1), MaxEchoSize)
		}
		payloads = append(payloads, payload)
		return err
	})
	if err == nil && len(payloads) == 0 {
		err = fmt.Errorf("%s: no payloads in it", name)
	}
	return payloads, err
}

func parsePayload(line string) ([]byte, error) {
	kind, text, _ := strings.Cut(line, ":")
	switch kind {
	case "hex":
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			return nil, fmt.Errorf("not hexadecimal: %w", err)
		}
		return b, nil
	case "base64":
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("not base64: %w", err)
		}
		return b, nil
	case "text":
		return unescape(text)
	}
	return nil, errors.New("no hex:, base64: or text: at the start")
}

// unescape reads Go's escapes; a quote may also stand for itself.
func unescape(text string) ([]byte, error) {
	var b []byte
	for len(text) > 0 {
		if text[0] == '"' {
			b, text = append(b, '"'), text[1:]
			continue
		}
		r, multibyte, rest, err := strconv.UnquoteChar(text, '"')
		if err != nil {
			return nil, fmt.Errorf("not an escape: %.8q", text)
		}
		if multibyte {
			b = append(b, string(r)...)
		} else {
			b = append(b, byte(r))
		}
		text = rest
	}
	return b, nil
}

// ParseMatch reads "prefix:N", N being a number of bytes, or "none".
func ParseMatch(text string) (Match, error) {
	if text == "none" {
		return Match{}, nil
	}
	if digits, ok := strings.CutPrefix(text, "prefix:"); ok {
		if n, err := strconv.Atoi(digits); err == nil && n >= 1 && n <= MaxPrefix {
			return Match{Prefix: n}, nil
		}
	}
	return Match{}, fmt.Errorf("%q is neither none nor prefix:N, N being 1 to %d bytes", text, MaxPrefix)
}

// ParseExpect reads "OFFSET:HEX" or "OFFSET:HEX/MASK".
func ParseExpect(text string) (*Expect, error) {
	offset, rest, _ := strings.Cut(text, ":")
	n, err := strconv.Atoi(offset)
	if err != nil || n < 0 || n > MaxEchoSize {
		return nil, fmt.Errorf("%q is not of the form OFFSET:HEX or OFFSET:HEX/MASK", text)
	}
	digits, mask, masked := strings.Cut(rest, "/")
	e := &Expect{Offset: n}
	if e.Want, err = hex.DecodeString(digits); err != nil || len(e.Want) == 0 {
		return nil, fmt.Errorf("%q: %q are not the hexadecimal digits of bytes", text, digits)
	}
	if !masked {
		mask = strings.Repeat("ff", len(e.Want))
	}
	if e.Mask, err = hex.DecodeString(mask); err != nil || len(e.Mask) != len(e.Want) {
		return nil, fmt.Errorf("%q: %q is no mask of %d bytes in hexadecimal digits", text, mask, len(e.Want))
	}
	return e, nil
}
