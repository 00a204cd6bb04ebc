package loadgen

import (
	"bytes"
	"errors"

	"gantry/confd/wire"
)

// Judge finds the request that each reply answers, and checks its status and, as
// far as the run verifies, its signature and form.
func (s *confdSource) Judge(_ int, replies [][]byte, verdicts []Verdict) {
	if s.verify == VerifyAll {
		for i, reply := range s.parser.Parse(replies, s.keys) {
			verdicts[i] = s.whole(&reply, replies[i])
		}
		return
	}
	s.samples, s.sampled = s.samples[:0], s.sampled[:0]
	for i, reply := range replies {
		verdicts[i] = s.glance(reply)
		if s.verify == VerifySample && verdicts[i].Fault == FaultNone && verdicts[i].Request%sampleEvery == 0 {
			s.samples = append(s.samples, reply)
			s.sampled = append(s.sampled, i)
		}
	}
	for i, reply := range s.parser.Parse(s.samples, s.keys) {
		verdicts[s.sampled[i]] = s.whole(&reply, s.samples[i])
	}
}

// whole judges a reply that was parsed and verified. One that failed is searched
// for its request all the same, so that it counts as that one's wrong answer.
func (s *confdSource) whole(reply *wire.Reply, datagram []byte) Verdict {
	if reply.Err != nil {
		v := s.glance(datagram)
		if v.Fault != FaultForeign {
			v.Fault = FaultContent
			if errors.Is(reply.Err, wire.ErrReplyHMAC) {
				v.Fault = FaultSignature
			}
		}
		return v
	}
	if len(reply.Salt) != saltLength {
		return Verdict{Fault: FaultForeign}
	}
	return s.judge(reply.Salt, reply.Status)
}

var statusMark = []byte(`status\"`)

// glance finds a reply's rsalt and status without parsing: the rsalt is mostly the
// last thing in the datagram, the status is named only once.
func (s *confdSource) glance(datagram []byte) Verdict {
	at := len(datagram) - saltLength - len(`"}`)
	if at < 0 || !bytes.Equal(datagram[at:at+nonceLength], s.nonce[:nonceLength]) {
		if at = bytes.LastIndex(datagram, s.nonce[:nonceLength]); at < 0 {
			return Verdict{Fault: FaultForeign}
		}
	}
	status := -1
	if i := bytes.Index(datagram, statusMark); i >= 0 {
		rest := bytes.TrimLeft(datagram[i+len(statusMark):], ": ")
		if len(rest) > 0 && '0' <= rest[0] && rest[0] <= '9' {
			status = int(rest[0] - '0')
		}
	}
	return s.judge(datagram[at:], status)
}

// judge judges by rsalt and status.
func (s *confdSource) judge(salt []byte, status int) Verdict {
	number, ok := s.request(salt)
	if !ok {
		return Verdict{Fault: FaultForeign}
	}
	// One from before the window is judged by another, but counts as late.
	asked := s.asked[number%window]
	v := Verdict{Request: number, Class: asked.class}
	if status != int(asked.want) {
		v.Fault = FaultStatus
	}
	return v
}
