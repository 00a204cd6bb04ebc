package cache

import (
	"bytes"

	"gantry/confd/config"
)

// AppendValue appends the JSON that a pointer leads to (see [config.Tokens]), in
// the config as the reference shows it. found is false if it leads nowhere; ok
// is as for AppendNodeInstances. dst needs room for the pointer besides.
func (s *Snapshot) AppendValue(dst, pointer []byte, limit int) (out []byte, found, ok bool) {
	var (
		value []byte           // where the pointer has led
		whole = containerCount // or the container, as a whole
		root  = true           // or nowhere yet
	)
	for token := range config.Tokens(pointer) {
		switch {
		case root:
			root = false
			value, whole = s.topLevel(token)
		case whole < containerCount:
			value, whole = s.member(whole, dst, token), containerCount
		default:
			value = config.Lookup(value, token)
		}
		if value == nil && whole == containerCount {
			return dst, false, true
		}
	}
	switch {
	case root:
		return dst, false, true
	case whole < containerCount:
		out, ok = s.appendContainer(dst, whole, limit)
		return out, true, ok
	case len(value) > limit:
		return dst, true, false
	}
	return append(dst, value...), true, true
}

// topLevel is the value or the container that a pointer's first token names.
func (s *Snapshot) topLevel(token []byte) (value []byte, whole container) {
	for kind, name := range containerNames {
		if string(token) == name {
			return nil, container(kind)
		}
	}
	if string(token) == "cluster" {
		return s.cluster.of(s.text), containerCount
	}
	for _, v := range s.top {
		if string(v.name.of(s.text)) == string(token) {
			return v.value.of(s.text), containerCount
		}
	}
	return nil, containerCount
}

// member is the object that a token names in a container, or nil. scratch is
// written to behind its end.
func (s *Snapshot) member(kind container, scratch, token []byte) []byte {
	if bytes.IndexByte(token, '~') >= 0 {
		token = config.AppendToken(scratch, token)[len(scratch):]
	}
	if row := s.containers[kind].find(s.text, token); row >= 0 {
		return s.containers[kind].objects[row].of(s.text)
	}
	return nil
}

// appendContainer appends a whole container.
func (s *Snapshot) appendContainer(dst []byte, kind container, limit int) ([]byte, bool) {
	m := &s.containers[kind]
	if m.size > limit {
		return dst, false
	}
	dst = append(dst, '{')
	for row := range m.keys {
		if row > 0 {
			dst = append(dst, ',')
		}
		dst = append(config.AppendQuoted(dst, m.keys[row].of(s.text)), ':')
		dst = append(dst, m.objects[row].of(s.text)...)
	}
	return append(dst, '}'), true
}
