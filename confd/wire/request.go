package wire

// Request is what Parse found in one datagram. Its slices alias the parser's memory: they are valid until the parser's next Parse. Unless Drop is DropNone, nothing else has a meaning.
type Request struct {
	Drop Drop
	Type Type
	Kind QueryKind

	Plain []byte // QueryPlain: the text, UTF-8

	// QueryDict
	HasIP, HasLink bool
	IP, Link       []byte   // UTF-8
	IPs            [][]byte // UTF-8
	Fields         []uint8  // Field values, all known ones

	RSalt []byte // the salt for the reply, UTF-8, possibly empty
	Key   *Key   // the key that the request was signed with, which signs its reply
}

// tables hold the lists of a batch's requests.
type tables struct {
	ips    [][]byte
	fields []uint8
}

// usualList is how many elements a request's list may have before it makes a parser allocate, once.
const usualList = 64

func newTables(requests int) tables {
	return tables{ips: make([][]byte, 0, requests*usualList), fields: make([]uint8, 0, requests*usualList)}
}

func (t *tables) reset() {
	t.ips = t.ips[:0]
	t.fields = t.fields[:0]
}
