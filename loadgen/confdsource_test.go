package loadgen

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/wire"
)

var sourceNames = Names{
	Nodes:     []string{"a", "a-much-longer-node-name.example.com"},
	Instances: []InstanceAddress{{IP: "10.0.0.1"}, {IP: "2001:db8::1234:5678"}, {Link: "br1", IP: "10.0.0.200"}},
}

// newTestSource returns the first source of a workload of the standard mix.
func newTestSource(tb testing.TB, o Options) *confdSource {
	tb.Helper()
	o, err := o.withDefaults()
	if err != nil {
		tb.Fatal(err)
	}
	source, err := Confd{Key: wire.NewKey([]byte("key")), Mix: StandardMix(sourceNames)}.Source(0, &o)
	if err != nil {
		tb.Fatal(err)
	}
	return source.(*confdSource)
}

// accepted says how a server would take a request now.
func accepted(s *confdSource, request []byte) wire.Drop {
	return wire.NewParser(1).Parse([][]byte{request}, s.keys, time.Now().Unix())[0].Drop
}

// TestRequestsToBeCoalesced are equally long, in one piece of memory, and of one
// type as long as possible.
func TestRequestsToBeCoalesced(t *testing.T) {
	s := newTestSource(t, Options{Coalesce: 40, Ahead: 10 * chunkSize})
	if err := s.Prepare(10 * chunkSize); err != nil {
		t.Fatal(err)
	}
	unpadded := false
	var last []byte
	changes := 0
	for i := range 10 * chunkSize {
		request := s.Next(0)
		if len(request) != s.length {
			t.Fatalf("request %d has %d bytes, others %d", i, len(request), s.length)
		}
		if i%chunkSize > 0 && &last[:len(last)+1][len(last)] != &request[0] {
			t.Fatalf("request %d does not follow the one before", i)
		}
		if drop := accepted(s, request); drop != wire.DropNone {
			t.Fatalf("request %d is dropped: %s", i, drop)
		}
		unpadded = unpadded || request[len(request)-1] != ' '
		if i%chunkSize > 0 && s.asked[i].class != s.asked[i-1].class {
			changes++
		}
		last = request
	}
	if !unpadded {
		t.Error("even the longest requests are padded")
	}
	if changes > 10*4 {
		t.Errorf("the type changes %d times in 10 chunks", changes)
	}
}

// TestRequestsAge signs anew what a server would soon find too old.
func TestRequestsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSource(t, Options{Ahead: 4 * chunkSize})
		if err := s.Prepare(4 * chunkSize); err != nil {
			t.Fatal(err)
		}
		if s.Made() != 4*chunkSize {
			t.Errorf("%d requests were made ahead", s.Made())
		}
		seen := make(map[string]bool)
		for range 4 {
			for range chunkSize {
				request := s.Next(0)
				if drop := accepted(s, request); drop != wire.DropNone {
					t.Fatalf("a request is dropped: %s", drop)
				}
				if seen[string(request)] {
					t.Fatal("a request comes twice")
				}
				seen[string(request)] = true
			}
			<-time.After(100 * time.Second)
		}
		// The third and the fourth chunk were 200 and 300 seconds old.
		if s.Made() != 6*chunkSize {
			t.Errorf("%d requests were made instead of %d", s.Made(), 6*chunkSize)
		}
	})
}

// TestReplaysAreForeign takes no notice of replies to another run's requests.
func TestReplaysAreForeign(t *testing.T) {
	a, b := newTestSource(t, Options{Ahead: 1}), newTestSource(t, Options{Ahead: 1})
	request := bytes.Clone(a.Next(0))
	b.Next(0)
	parsed := wire.NewParser(1).Parse([][]byte{request}, a.keys, time.Now().Unix())
	sealer := wire.NewSealer(1)
	msg := wire.AppendReplyTail(append(wire.AppendReplyHead(nil, wire.StatusOK), `1`...), []byte("7"))
	reply := sealer.Append(nil, &parsed[0], msg, nil)
	sealer.Sign(reply)
	verdicts := make([]Verdict, 1)
	for _, mode := range []VerifyMode{VerifyAll, VerifySample, VerifyNone} {
		a.verify, b.verify = mode, mode
		if a.Judge(0, [][]byte{reply}, verdicts); verdicts[0].Fault != FaultNone || verdicts[0].Request != 0 {
			t.Errorf("%s: one's own reply is judged %+v", mode, verdicts[0])
		}
		if b.Judge(0, [][]byte{reply}, verdicts); verdicts[0].Fault != FaultForeign {
			t.Errorf("%s: another's reply is judged %+v", mode, verdicts[0])
		}
		for n := range len(reply) {
			if a.Judge(0, [][]byte{reply[:n]}, verdicts); verdicts[0].Fault == FaultNone && mode == VerifyAll {
				t.Errorf("%d bytes of %d are judged right", n, len(reply))
			}
		}
	}
}

// TestGeneratingAllocatesNothing once everything has grown to its size.
func TestGeneratingAllocatesNothing(t *testing.T) {
	s := newTestSource(t, Options{Ahead: 2 * chunkSize})
	turn := func() {
		for range len(s.chunks) * chunkSize {
			s.Next(0)
		}
	}
	for range 10 {
		turn()
	}
	// A chunk of longer requests than it ever had grows, less and less often.
	if n := testing.AllocsPerRun(20, turn); n > 1 {
		t.Errorf("%g allocations in a turn of the ring", n)
	}
}

// TestOutstanding is the account of a few requests.
func TestOutstanding(t *testing.T) {
	o := newOutstanding(window)
	lost := 0
	lose := func(entry) { lost++ }
	for i := range 5 {
		o.add(i%2, time.Duration(i), time.Duration(i))
	}
	for _, c := range []struct {
		request uint64
		lane    int
		want    outcome
	}{
		{1, 1, outcomeAnswered}, {1, 1, outcomeDuplicate}, {0, 1, outcomeOtherLane}, {0, 0, outcomeAnswered},
		{5, 0, outcomeUnknown}, {1 << 63, 0, outcomeUnknown},
	} {
		if got, _ := o.settle(c.request, c.lane); got != c.want {
			t.Errorf("request %d on lane %d: outcome %d instead of %d", c.request, c.lane, got, c.want)
		}
	}
	if o.under != 3 {
		t.Errorf("%d are under way", o.under)
	}
	if !o.expire(4, lose) || lost != 2 || o.under != 1 || o.oldest != 4 {
		t.Errorf("%d lost, %d under way, oldest %d", lost, o.under, o.oldest)
	}
	if o.expire(4, lose) {
		t.Error("they are lost again")
	}
	if got, _ := o.settle(2, 0); got != outcomeLate {
		t.Errorf("a late answer has outcome %d", got)
	}
	for range window {
		o.add(0, 10, 10)
		if o.full() {
			o.expire(11, lose)
		}
	}
	if got, _ := o.settle(2, 0); got != outcomeLate {
		t.Errorf("an answer from before the window has outcome %d", got)
	}
}
