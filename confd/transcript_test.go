package confd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gantry/cache"
	"gantry/confd/wire"
)

// salt is the time stamp of all requests of these tests, and their clock.
const salt = 1700000000

// asker puts queries to a snapshot by way of whole datagrams.
type asker struct {
	t        testing.TB
	key      *wire.Key
	parser   *wire.Parser
	snapshot *cache.Snapshot
	answers  *answerer
}

func newAsker(t testing.TB, configFile string) *asker {
	t.Helper()
	file, err := os.Open(configFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := cache.Build(file, info.Size(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &asker{t, wire.NewKey([]byte("secret\n")), wire.NewParser(1), snapshot, newAnswerer()}
}

// requestText is the msg of a request; query is JSON.
func requestText(t testing.TB, kind wire.Type, query json.RawMessage) []byte {
	t.Helper()
	text, err := json.Marshal(struct {
		Protocol int             `json:"protocol"`
		Type     wire.Type       `json:"type"`
		Query    json.RawMessage `json:"query"`
		RSalt    string          `json:"rsalt"`
	}{1, kind, query, "r"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ask returns the msg of the reply, or nil if there is none.
func (a *asker) ask(kind wire.Type, query json.RawMessage) []byte {
	datagram := wire.AppendRequest(nil, a.key, salt, requestText(a.t, kind, query))
	request := a.parser.Parse([][]byte{datagram}, wire.NewKeyring(a.key), salt)[0]
	if request.Drop != wire.DropNone {
		return nil
	}
	a.answers.reset()
	reply := a.answers.answer(a.snapshot, &request)
	if reply.Escaped != nil && !bytes.Equal(reply.Escaped, wire.AppendEscaped(nil, reply.Msg)) {
		a.t.Errorf("type %d, query %s: escaped form %s differs from msg %s", kind, query, reply.Escaped, reply.Msg)
	}
	return reply.Msg
}

// same compares JSON values; numbers as float64, since the transcripts' do not
// keep the reference's spelling. The live comparison in tools/interop does.
func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Errorf("%s: %v: %s", what, err, got)
		return
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("%s: (-reference +ours)\n%s", what, diff)
	}
}

// TestAnswersAreThoseOfTheReference replays what the real ganeti-confd was asked.
func TestAnswersAreThoseOfTheReference(t *testing.T) {
	for _, name := range []string{"empty", "small", "medium"} {
		t.Run(name, func(t *testing.T) {
			base := filepath.Join("testdata", "transcripts", name)
			a := newAsker(t, base+".config.json")
			file, err := os.Open(base + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			lines := bufio.NewScanner(file)
			lines.Buffer(nil, 1<<20)
			asked := 0
			for lines.Scan() {
				var line struct {
					Type   *wire.Type
					Query  json.RawMessage
					Reply  json.RawMessage
					Packet string
				}
				if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
					t.Fatal(err)
				}
				if line.Type == nil {
					continue // a broken packet: package wire's tests have those
				}
				asked++
				what := line.Type.String() + " " + string(line.Query)
				got := a.ask(*line.Type, line.Query)
				if string(line.Reply) != "null" {
					same(t, what, got, line.Reply)
				} else if got != nil {
					t.Errorf("%s: answered with %s, where the reference is silent", what, got)
				}
			}
			if err := lines.Err(); err != nil {
				t.Fatal(err)
			}
			if asked < 50 {
				t.Fatalf("only %d queries in the transcript", asked)
			}
		})
	}
}
