package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/google/gopacket/pcapgo"
)

// pcapPackets are the packets of a pcap file.
type pcapPackets struct {
	linkCodes
	reader *pcapgo.Reader
}

// The head of a pcap file, and where in it the type of link stands. Its upper half
// has flags.
const (
	pcapHead     = 24
	pcapLinkType = 20
)

func newPcapPackets(file io.Reader) (*pcapPackets, error) {
	head := make([]byte, pcapHead)
	n, err := io.ReadFull(file, head)
	if err != nil {
		head = head[:n] // which the library calls by its name
	}
	reader, err := pcapgo.NewReader(io.MultiReader(bytes.NewReader(head), file))
	if err != nil {
		return nil, err
	}
	// Writers exist that set a smaller limit than they keep to.
	reader.SetSnaplen(MaxPacket)
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 0xa1 {
		order = binary.BigEndian
	}
	p := &pcapPackets{reader: reader}
	p.code(LinkType(uint16(order.Uint32(head[pcapLinkType:]))))
	return p, nil
}

func (p *pcapPackets) next() (packet, error) {
	data, info, err := p.reader.ZeroCopyReadPacketData()
	if errors.Is(err, io.EOF) && info.CaptureLength > 0 { // right behind the record's head
		err = io.ErrUnexpectedEOF
	}
	return packet{data: data, at: info.Timestamp, original: info.Length}, err
}

func (p *pcapPackets) passed() (none [NumSkips]uint64) { return none }
