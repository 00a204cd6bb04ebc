package wire

import (
	"encoding/binary"
	"slices"
)

// opener is what reading requests and reading replies have in common: opening and verifying datagrams, a batch at a time. Its zero value is
// ready. It keeps its memory.
type opener struct {
	letters   []letter
	column    column // a message for each letter
	general   general
	noScanner bool // tests: everything goes down the general path
}

// letter is a datagram on its way through the columns.
type letter struct {
	salt, msg []byte
	mac       [hexLen]byte // as text
	isMAC     bool         // it is of that length; else mac means nothing
	read      bool         // the message was read by the scanner
	datagram  int          // index in the batch
	key       *Key         // the one that it is signed with, nil if unknown
}

func newOpener(maxBatch int) opener {
	return opener{letters: make([]letter, 0, maxBatch), column: newColumn(maxBatch)}
}

// reset begins a batch.
func (o *opener) reset() {
	o.letters = o.letters[:0]
	o.column.clear()
}

// checkMagic returns why a datagram isn't worth a closer look.
func checkMagic(datagram []byte, limit int) Drop {
	if len(datagram) < len(Magic) {
		return DropShort
	}
	if string(datagram[:len(Magic)]) != Magic {
		return DropMagic
	}
	if len(datagram) > limit {
		return DropTooLong
	}
	return DropNone
}

// letter begins the letter of a datagram. Either a message is added to the column for it then, or it is discarded.
func (o *opener) letter(datagram int) *letter {
	if len(o.letters) == cap(o.letters) {
		o.letters = slices.Grow(o.letters, 1)
	}
	o.letters = o.letters[:len(o.letters)+1]
	l := &o.letters[len(o.letters)-1]
	l.datagram, l.key, l.isMAC, l.read = datagram, nil, false, false
	return l
}

func (o *opener) discard() {
	o.letters = o.letters[:len(o.letters)-1]
}

// openGeneral opens the datagram raw, without its magic, for the last letter, with salt and message in room. It keeps or discards the letter.
func (o *opener) openGeneral(raw, room []byte, l *letter) Drop {
	used, ok := o.general.envelope(raw, room[:0], l)
	switch {
	case !ok:
		o.discard()
		return DropEnvelope
	case !l.isMAC:
		o.discard()
		return DropHMAC
	}
	o.column.add(room, 0, len(used))
	return DropNone
}

// verify finds the key of every letter.
func (o *opener) verify(keys *Keyring) {
	if keys == nil {
		return
	}
	for _, key := range keys.keys {
		for i := range o.letters {
			m := &o.column.messages[i]
			m.key = nil
			if o.letters[i].key == nil {
				m.key = key
			}
		}
		o.column.sum()
		for i := range o.letters {
			if l, m := &o.letters[i], &o.column.messages[i]; m.key != nil && l.isMAC && m.mac.is(&l.mac) {
				l.key = key
			}
		}
	}
}

// refused returns why a letter has no key. raw is its datagram without the magic.
func (o *opener) refused(l *letter, raw []byte) Drop {
	marks := uint64(0)
	for i := 0; i < hexLen; i += 8 {
		marks |= special(binary.LittleEndian.Uint64(l.mac[i:]))
	}
	if !l.read || marks == 0 {
		return DropHMAC
	}
	// The scanner took 40 bytes for a MAC that may be no JSON at all.
	room := o.column.room(len(raw))
	if _, ok := o.general.envelope(raw, room[:0], l); !ok {
		return DropEnvelope
	}
	return DropHMAC
}
