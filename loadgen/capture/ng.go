package capture

import (
	"bufio"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// ngPackets are the packets of a pcapng file.
type ngPackets struct {
	*ngBlocks
	reader *pcapgo.NgReader
}

func newNgPackets(file *bufio.Reader) (*ngPackets, error) {
	blocks := &ngBlocks{file: file}
	reader, err := pcapgo.NewNgReader(blocks, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		return nil, err
	}
	return &ngPackets{blocks, reader}, nil
}

func (p *ngPackets) next() (packet, error) {
	data, info, err := p.reader.ZeroCopyReadPacketData()
	if err != nil {
		return packet{}, err
	}
	code := uint8(noLinkCode)
	if len(info.AncillaryData) > 0 {
		if link, ok := info.AncillaryData[0].(layers.LinkType); ok {
			code = uint8(link)
		}
	}
	return packet{data: data, at: info.Timestamp, link: code, original: info.Length}, nil
}
