package clienttest

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"

	"gantry/confd/wire"
)

//go:embed testdata
var testdata embed.FS

// Exchange is one line of a transcript: what the real server was asked, and what it said. A nil Reply is its silence.
type Exchange struct {
	Type  wire.Type       `json:"type"`
	Query json.RawMessage `json:"query"`
	Reply *struct {
		Status int             `json:"status"`
		Answer json.RawMessage `json:"answer"`
		Serial int64           `json:"serial"`
	} `json:"reply"`
}

// Small returns the exchanges of a real server that served a cluster of a few nodes and instances: all request types.
func Small() []Exchange {
	file, err := testdata.Open("testdata/small.jsonl")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	exchanges, err := ReadTranscript(file)
	if err != nil {
		panic(err)
	}
	return exchanges
}

// ReadTranscript reads exchanges, a JSON object a line.
func ReadTranscript(r io.Reader) ([]Exchange, error) {
	var exchanges []Exchange
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("transcript line %d: %w", len(exchanges)+1, err)
		}
		exchanges = append(exchanges, e)
	}
	return exchanges, lines.Err()
}

// WireQuery returns what was asked as a client gives it to wire.
func (e Exchange) WireQuery() (wire.Query, error) {
	var query wire.Query
	text := bytes.TrimSpace(e.Query)
	switch {
	case len(text) == 0 || string(text) == "null":
		return query, nil
	case text[0] == '"':
		query.Kind = wire.QueryPlain
		return query, json.Unmarshal(text, &query.Plain)
	}
	var dict struct {
		Link   *string  `json:"0"`
		IP     *string  `json:"1"`
		IPs    []string `json:"2"`
		Fields []int    `json:"3"`
	}
	query.Kind = wire.QueryDict
	if err := json.Unmarshal(text, &dict); err != nil {
		return query, err
	}
	if dict.Link != nil {
		query.HasLink, query.Link = true, *dict.Link
	}
	if dict.IP != nil {
		query.HasIP, query.IP = true, *dict.IP
	}
	query.HasIPs, query.IPs = len(dict.IPs) > 0, dict.IPs
	query.HasFields = len(dict.Fields) > 0
	for _, field := range dict.Fields {
		query.Fields = append(query.Fields, uint8(field))
	}
	return query, nil
}

// Replay answers as a transcript's server did, and is silent to what it wasn't asked.
func Replay(exchanges []Exchange) Answer {
	replies := make(map[string]Reply)
	for _, e := range exchanges {
		query, err := e.WireQuery()
		if err != nil || e.Reply == nil {
			continue // a malformed query, which the real server is silent to as well
		}
		replies[questionText(e.Type, query)] = Reply{Status: e.Reply.Status, Answer: string(e.Reply.Answer), Serial: e.Reply.Serial}
	}
	return func(r *wire.Request) (Reply, bool) {
		reply, found := replies[questionText(r.Type, asked(r))]
		return reply, found
	}
}

// asked returns a parsed request's query as WireQuery does.
func asked(r *wire.Request) wire.Query {
	query := wire.Query{
		Kind: r.Kind, Plain: string(r.Plain), HasIP: r.HasIP, HasLink: r.HasLink, IP: string(r.IP), Link: string(r.Link),
		HasIPs: len(r.IPs) > 0, HasFields: len(r.Fields) > 0, Fields: r.Fields,
	}
	for _, ip := range r.IPs {
		query.IPs = append(query.IPs, string(ip))
	}
	return query
}

func questionText(t wire.Type, query wire.Query) string {
	return string(wire.AppendRequestMsg(nil, t, query, []byte{}))
}
