package main

import "testing"

func TestParseSamples(t *testing.T) {
	s := parseSamples("# HELP a A thing.\n# TYPE a counter\na{x=\"1\"} 3\na{x=\"2 {\"} 4e+06\nab 7\nc NaN\n\nnonsense\n")
	if s.sum("a") != 4_000_003 || s[`a{x="1"}`] != 3 || s.sum("ab") != 7 || s.sum("c") != 0 || len(s) != 3 {
		t.Errorf("%v", s)
	}
}

func TestUDPCounters(t *testing.T) {
	c, err := udpCounters("Tcp: a b\nTcp: 1 2\nUdp: InDatagrams NoPorts\nUdp: 12 3\nUdpLite: InDatagrams\nUdpLite: 5\n")
	if err != nil || c["InDatagrams"] != 12 || c["NoPorts"] != 3 || len(c) != 2 {
		t.Errorf("%v, %v", c, err)
	}
	for _, text := range []string{"", "Udp: a\n", "Udp: a b\nUdp: 1\n", "Udp: a\nUdp: x\n"} {
		if _, err := udpCounters(text); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
