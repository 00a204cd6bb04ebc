package confd

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"gantry/cache"
	"gantry/confd/config"
	"gantry/confd/wire"
)

// FuzzConfig loads any bytes as a config. What is refused must be refused with
// an error; whatever is taken must be able to answer everything.
func FuzzConfig(f *testing.F) {
	mini, err := os.ReadFile("testdata/mini.config.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(mini)
	for seed := range uint64(3) {
		var text bytes.Buffer
		if err := config.Generate(&text, config.GenerateOptions{Nodes: 2, Instances: 2, Seed: seed, Quirks: seed > 0}); err != nil {
			f.Fatal(err)
		}
		f.Add(text.Bytes())
	}
	key, parser, answers := wire.NewKey([]byte("k")), wire.NewParser(1), newAnswerer()
	f.Fuzz(func(t *testing.T, text []byte) {
		snapshot, err := cache.Build(bytes.NewReader(text), int64(len(text)), nil)
		if err != nil {
			return
		}
		a := &asker{t, key, parser, snapshot, answers}
		for _, c := range everyType {
			msg := a.ask(c.kind, json.RawMessage(c.query))
			if msg != nil && !json.Valid(msg) {
				t.Errorf("type %d, query %s: the answer is not JSON: %q", c.kind, c.query, msg)
			}
		}
	})
}

// FuzzDatagram sends any bytes as a datagram. Only an authentic one is answered,
// and only one of the corpus can be that.
func FuzzDatagram(f *testing.F) {
	snapshot := newAsker(f, "testdata/mini.config.json").snapshot
	key := wire.NewKey([]byte("k"))
	authentic := map[string]bool{}
	for _, c := range everyType {
		datagram := wire.AppendRequest(nil, key, salt, requestText(f, c.kind, json.RawMessage(c.query)))
		authentic[string(datagram)] = true
		f.Add(datagram)
		f.Add(datagram[:len(datagram)-1])
	}
	f.Add([]byte("plj0"))
	parser, answers, keys := wire.NewParser(1), newAnswerer(), wire.NewKeyring(key)
	f.Fuzz(func(t *testing.T, datagram []byte) {
		request := &parser.Parse([][]byte{datagram}, keys, salt)[0]
		if request.Drop != wire.DropNone {
			if authentic[string(datagram)] {
				t.Errorf("an authentic datagram was dropped: %v", request.Drop)
			}
			return
		}
		answers.reset()
		if reply := answers.answer(snapshot, request); reply.Msg == nil {
			t.Errorf("no answer to %q", datagram)
		}
	})
}
