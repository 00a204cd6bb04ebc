package clienttest

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"gantry/confd/wire"
)

// Key is the content of the key file that the servers use by default.
var Key = []byte("0123456789abcdef0123456789abcdef01234567\n")

// Answer is what a server says to a request. The request is only valid during the call.
type Answer func(request *wire.Request) (reply Reply, ok bool)

// Reply is an answer's parts. Text, if set, is the whole message instead.
type Reply struct {
	Status int
	Answer string // JSON
	Serial int64
	Text   string
}

// Constant always says the same.
func Constant(status int, answer string, serial int64) Answer {
	return func(*wire.Request) (Reply, bool) { return Reply{Status: status, Answer: answer, Serial: serial}, true }
}

func (r Reply) message() []byte {
	if r.Text != "" {
		return []byte(r.Text)
	}
	return []byte(`{"protocol":1,"status":` + strconv.Itoa(r.Status) + `,"answer":` + r.Answer + `,"serial":` + strconv.FormatInt(r.Serial, 10) + `}`)
}

// Server answers datagrams. The fields must not change while it is in use. All methods are safe for concurrent use.
type Server struct {
	Answer Answer

	// Key is the content of the key file, nil for the package's Key.
	Key []byte
	// Copies says after which times the reply to the n-th authentic request (from 0) is sent: none means that it is lost, two that it comes
	// twice. nil sends each once and at once.
	Copies func(n int) []time.Duration
	// From, if valid, is the address that replies come from, instead of the one that was asked. Only a Network can do that.
	From netip.AddrPort
	// FromElsewhere makes Listen send replies from another port than it was asked at.
	FromElsewhere bool

	mu       sync.Mutex
	requests int
	silent   bool

	work   sync.Mutex // held while a datagram is answered
	keys   *wire.Keyring
	parser *wire.Parser
	sealer *wire.Sealer
}

// SetSilent makes a server answer nothing, or end that.
func (s *Server) SetSilent(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// Requests returns how many authentic requests came so far.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// copies returns a reply to a datagram and when it is sent.
func (s *Server) copies(datagram []byte, now time.Time) (reply []byte, after []time.Duration) {
	s.work.Lock()
	defer s.work.Unlock()
	if s.parser == nil {
		s.setUp()
	}
	request := s.parser.Parse([][]byte{datagram}, s.keys, now.Unix())[0]
	if request.Drop != wire.DropNone {
		return nil, nil
	}
	s.mu.Lock()
	n, silent := s.requests, s.silent
	s.requests++
	s.mu.Unlock()
	said, ok := s.Answer(&request)
	if !ok || silent {
		return nil, nil
	}
	after = []time.Duration{0}
	if s.Copies != nil {
		after = s.Copies(n)
	}
	reply = s.sealer.Append(nil, &request, said.message(), nil)
	s.sealer.Sign(reply)
	return reply, after
}

func (s *Server) setUp() {
	key := s.Key
	if key == nil {
		key = Key
	}
	s.keys, s.parser, s.sealer = wire.NewKeyring(wire.NewKey(key)), wire.NewParser(1), wire.NewSealer(1)
}

// Listen serves on a free port of a loopback address, until the test ends, and returns where.
func (s *Server) Listen(t testing.TB, addr string) netip.AddrPort {
	t.Helper()
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 0)))
	if err != nil {
		t.Fatal(err)
	}
	out := socket
	if s.FromElsewhere {
		if out, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 0))); err != nil {
			t.Fatal(err)
		}
	}
	var serving sync.WaitGroup
	serving.Go(func() { s.serve(socket, out) })
	t.Cleanup(func() {
		socket.Close()
		serving.Wait()
		out.Close()
	})
	return socket.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (s *Server) serve(socket, out *net.UDPConn) {
	buffer := make([]byte, 1<<16)
	for {
		n, peer, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		reply, after := s.copies(buffer[:n], time.Now())
		for range after {
			out.WriteToUDPAddrPort(reply, peer)
		}
	}
}
