package wire

// opener opens and verifies datagrams, a batch at a time: what reading requests and reading replies have in common. Its zero value is ready.
// It keeps its memory: at most twice what the largest batch needed.
type opener struct {
	letters   []letter
	column    column
	memory    memory
	general   general
	noScanner bool // tests: everything goes down the general path
}

// letter is a datagram on its way through the columns.
type letter struct {
	envelope
	datagram int  // index in the batch
	key      *Key // the one that it is signed with, nil if unknown
}

// memoryPerDatagram is what is set aside for the decoded text of a datagram, in bytes: enough for what the known clients send.
const memoryPerDatagram = 512

func newOpener(maxBatch int) opener {
	return opener{
		letters: make([]letter, 0, maxBatch),
		column:  newColumn(maxBatch),
		memory:  newMemory(maxBatch * memoryPerDatagram),
	}
}

// reset begins a batch.
func (o *opener) reset() {
	o.letters = o.letters[:0]
	o.memory.reset()
}

// open takes the envelope of the i-th datagram apart, and keeps it as a letter if it returns DropNone.
func (o *opener) open(i int, datagram []byte, limit int) Drop {
	if len(datagram) < len(Magic) {
		return DropShort
	}
	if string(datagram[:len(Magic)]) != Magic {
		return DropMagic
	}
	if len(datagram) > limit {
		return DropTooLong
	}
	o.letters = append(o.letters, letter{datagram: i})
	l := &o.letters[len(o.letters)-1]
	ok := o.openEnvelope(datagram[len(Magic):], &l.envelope)
	if ok && l.isMAC {
		return DropNone
	}
	o.letters = o.letters[:len(o.letters)-1]
	if !ok {
		return DropEnvelope
	}
	return DropHMAC
}

func (o *opener) openEnvelope(text []byte, e *envelope) bool {
	space := o.memory.space(len(text))
	if !o.noScanner && scanEnvelope(text, space[:cap(space)], e) {
		o.memory.take(e.msg)
		return true
	}
	*e = envelope{}
	used, ok := o.general.envelope(text, space, e)
	o.memory.take(used)
	return ok
}

// verify finds the key of every letter. Each key computes the MACs of those letters that no earlier one fits.
func (o *opener) verify(keys *Keyring) {
	if keys == nil {
		return
	}
	for _, key := range keys.keys {
		o.column.clear()
		for i := range o.letters {
			if l := &o.letters[i]; l.key == nil {
				o.column.add(key, l.salt, l.msg)
			}
		}
		o.column.sum()
		next := 0
		for i := range o.letters {
			l := &o.letters[i]
			if l.key != nil {
				continue
			}
			if o.column.messages[next].mac.equal(&l.mac) {
				l.key = key
			}
			next++
		}
	}
}
