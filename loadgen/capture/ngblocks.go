package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// ngBlocks is a pcapng file as its library may read it without harm. The library
// believes lengths, resolutions and interface numbers, and knows link types below
// 256 only; so sections and interfaces are written anew with what matters of them,
// packet blocks pass when they are sound, and all others are left out.
type ngBlocks struct {
	linkCodes
	file       *bufio.Reader
	order      byteOrder // of the section
	foreign    bool      // the section is of an unknown version
	interfaces []uint32  // of the section: the longest capture of each, 0 if there is no limit
	lost       [NumSkips]uint64
	ready      []byte // to be returned next
	pass       int    // bytes of the file to be returned after that
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// Types of blocks, and the mark of a section's byte order.
const (
	ngMagic     = "\x0a\x0d\x0d\x0a"
	ngSection   = 0x0a0d0d0a
	ngInterface = 1
	ngPacket    = 2 // obsolete
	ngSimple    = 3
	ngEnhanced  = 6

	ngByteOrder = 0x1a2b3c4d
	ngVersion   = 1
)

// Sizes of blocks in bytes.
const (
	ngFrame          = 12 // type and length before the content, the length again after it
	ngSectionSize    = ngFrame + 16
	ngInterfaceSize  = ngFrame + 8
	ngEnhancedSize   = ngFrame + 20
	ngSimpleSize     = ngFrame + 4
	ngEnhancedLength = 20 // where in the block the captured length stands

	// maxNgOptions bounds sections and interfaces, which consist of options
	// mostly, and the options of a packet.
	maxNgOptions = 1 << 20

	// maxInterfaces bounds those of a section: more than a machine has.
	maxInterfaces = 1 << 16
)

var errNgBlock = errors.New("malformed block")

// Read returns the file's blocks, as far as they are fit to be read.
func (b *ngBlocks) Read(p []byte) (int, error) {
	for len(b.ready) == 0 && b.pass == 0 {
		if err := b.block(); err != nil {
			return 0, err
		}
	}
	if len(b.ready) > 0 {
		n := copy(p, b.ready)
		b.ready = b.ready[n:]
		return n, nil
	}
	n, err := b.file.Read(p[:min(len(p), b.pass)])
	b.pass -= n
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (b *ngBlocks) passed() [NumSkips]uint64 {
	lost := b.lost
	clear(b.lost[:])
	return lost
}

// block begins the next block: it is made ready, passed through, or left out.
func (b *ngBlocks) block() error {
	head, err := b.peek(ngFrame)
	if err != nil {
		return err
	}
	if string(head[:4]) == ngMagic {
		return b.section(head)
	}
	if b.order == nil {
		return errNgBlock
	}
	kind, size := b.order.Uint32(head), b.order.Uint32(head[4:])
	if size < ngFrame || size%4 != 0 {
		return errNgBlock
	}
	switch {
	case kind == ngInterface && !b.foreign:
		return b.newInterface(size)
	case kind == ngEnhanced || kind == ngPacket || kind == ngSimple:
		return b.packet(kind, size)
	}
	return b.leaveOut(size)
}

// peek returns the next n bytes. At the end of the file it fails with io.EOF.
func (b *ngBlocks) peek(n int) ([]byte, error) {
	head, err := b.file.Peek(n)
	if err != nil && errors.Is(err, io.EOF) && len(head) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return head, err
}

func (b *ngBlocks) leaveOut(size uint32) error {
	_, err := b.file.Discard(int(size))
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// content reads a whole block.
func (b *ngBlocks) content(size uint32, least uint32) ([]byte, error) {
	if size < least || size > maxNgOptions {
		return nil, errNgBlock
	}
	block := make([]byte, size)
	_, err := io.ReadFull(b.file, block)
	return block, err
}

// section begins a section: byte order and interfaces are new.
func (b *ngBlocks) section(head []byte) error {
	b.order = binary.LittleEndian
	if binary.BigEndian.Uint32(head[8:]) == ngByteOrder {
		b.order = binary.BigEndian
	} else if binary.LittleEndian.Uint32(head[8:]) != ngByteOrder {
		return errNgBlock
	}
	block, err := b.content(b.order.Uint32(head[4:]), ngSectionSize)
	if err != nil {
		return err
	}
	b.interfaces = b.interfaces[:0]
	b.foreign = b.order.Uint16(block[12:]) != ngVersion
	b.ready = b.order.AppendUint32(b.begin(ngSection), ngByteOrder)
	b.ready = b.order.AppendUint16(b.ready, ngVersion) // and 0; there is a 1.2, of the same form
	b.ready = b.order.AppendUint16(b.ready, 0)
	b.ready = b.order.AppendUint64(b.ready, ^uint64(0)) // of unknown length
	b.finish()
	return nil
}

// begin begins a block in place of one of the file, which finish ends.
func (b *ngBlocks) begin(kind uint32) []byte {
	return b.order.AppendUint32(b.order.AppendUint32(b.ready[:0], kind), 0)
}

func (b *ngBlocks) finish() {
	size := uint32(len(b.ready) + 4)
	b.order.PutUint32(b.ready[4:], size)
	b.ready = b.order.AppendUint32(b.ready, size)
}

// Options of an interface that its packets' times depend on.
const (
	ngOptionEnd        = 0
	ngOptionResolution = 9
	ngOptionOffset     = 14
)

// newInterface adds an interface to the section.
func (b *ngBlocks) newInterface(size uint32) error {
	block, err := b.content(size, ngInterfaceSize)
	if err != nil {
		return err
	}
	if len(b.interfaces) == maxInterfaces {
		return errNgBlock
	}
	limit := b.order.Uint32(block[12:])
	b.interfaces = append(b.interfaces, limit)
	b.ready = b.order.AppendUint16(b.begin(ngInterface), uint16(b.code(LinkType(b.order.Uint16(block[8:])))))
	b.ready = b.order.AppendUint16(b.ready, 0)
	b.ready = b.order.AppendUint32(b.ready, limit)
	for options := block[16 : len(block)-4]; len(options) >= 4; {
		code, length := b.order.Uint16(options), int(b.order.Uint16(options[2:]))
		padded := 4 + (length+3)&^3
		if code == ngOptionEnd || padded > len(options) {
			break
		}
		if code == ngOptionResolution && length == 1 && soundResolution(options[4]) || code == ngOptionOffset && length == 8 {
			b.ready = append(b.ready, options[:padded]...)
		}
		options = options[padded:]
	}
	b.ready = b.order.AppendUint32(b.ready, ngOptionEnd)
	b.finish()
	return nil
}

// soundResolution says whether a second has a number of units that fits 63 bits:
// two or ten to the power of an exponent.
func soundResolution(resolution byte) bool {
	const binaryUnits, maxBinary, maxDecimal = 0x80, 62, 18
	if resolution&binaryUnits != 0 {
		return resolution&^binaryUnits <= maxBinary
	}
	return resolution <= maxDecimal
}

// packet lets a packet pass, if it is sound.
func (b *ngBlocks) packet(kind, size uint32) error {
	least := uint32(ngEnhancedSize)
	if kind == ngSimple {
		least = ngSimpleSize
	}
	if size < least {
		return errNgBlock
	}
	head, err := b.peek(int(least))
	if err != nil {
		return err
	}
	reason := SkipNone
	switch length, sound := b.captured(kind, head); {
	case !sound || length <= MaxPacket && length > size-least:
		reason = SkipDamaged
	case length > MaxPacket || size > MaxPacket+maxNgOptions:
		reason = SkipLong
	}
	if reason == SkipNone {
		b.pass = int(size)
		return nil
	}
	err = b.leaveOut(size)
	if err == nil {
		b.lost[reason]++
	}
	return err
}

// captured returns how much of a packet a block claims to hold, and whether its
// interface is there.
func (b *ngBlocks) captured(kind uint32, head []byte) (length uint32, sound bool) {
	if len(b.interfaces) == 0 || b.foreign {
		return 0, false
	}
	switch kind {
	case ngSimple:
		length = b.order.Uint32(head[8:])
		if limit := b.interfaces[0]; limit > 0 {
			length = min(length, limit)
		}
		return length, true
	case ngPacket:
		return b.order.Uint32(head[ngEnhancedLength:]), int(b.order.Uint16(head[8:])) < len(b.interfaces)
	}
	return b.order.Uint32(head[ngEnhancedLength:]), b.order.Uint32(head[8:]) < uint32(len(b.interfaces))
}
