package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gantry/confd/config"
	"gantry/loadgen/capture"
)

// tsharkBinary is where Debian has it.
const tsharkBinary = "/usr/bin/tshark"

// compareDissector lets tshark, with the dissector of tools/wireshark, read a capture of gantry load and malformed datagrams, and compares what it
// shows with what is in them.
func compareDissector(ctx context.Context, run *session) error {
	text, err := testConfig{name: "wireshark", options: config.GenerateOptions{Nodes: 6, Instances: 20, Seed: 3}}.build()
	if err != nil {
		return err
	}
	dir, err := run.temp()
	if err != nil {
		return err
	}
	ours, err := startOurs(ctx, run, confdSpec{config: text})
	if err != nil {
		return err
	}
	defer ours.stop()
	file := filepath.Join(dir, "load.pcap")
	if err := recordLoad(ctx, run, ours, file, "all", run.times(1000)); err != nil {
		return err
	}
	if err := compareFrames(ctx, run, file); err != nil {
		return err
	}
	return compareMalformed(ctx, run, filepath.Join(dir, "malformed.pcap"))
}

// shownFields are what is compared of every datagram.
var shownFields = []string{
	"confd.magic", "confd.hmac", "confd.salt", "confd.protocol", "confd.type", "confd.rsalt", "confd.status", "confd.serial", "confd.query", "confd.answer",
	"confd.malformed.magic", "confd.malformed.envelope", "confd.malformed.message", "confd.malformed.hmac", "confd.unknown",
}

// tshark returns the fields of each frame, in their order.
func tshark(ctx context.Context, run *session, file string, fields []string) ([][]string, error) {
	args := []string{"-X", "lua_script:" + run.testdata("tools", "wireshark", "confd.lua"), "-2", "-r", file, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f"}
	for _, field := range fields {
		args = append(args, "-e", field)
	}
	cmd := exec.CommandContext(ctx, tsharkBinary, args...)
	var stderr tail
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("tshark: %w: %s", err, stderr.String())
	}
	if said := stderr.String(); strings.Contains(strings.ToLower(said), "lua") {
		return nil, fmt.Errorf("tshark complains: %s", said)
	}
	var frames [][]string
	for line := range strings.Lines(string(output)) {
		frames = append(frames, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return frames, nil
}

// compareFrames compares a capture frame by frame.
func compareFrames(ctx context.Context, run *session, file string) error {
	frames, err := tshark(ctx, run, file, shownFields)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	reader, err := capture.NewReader(f)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		d, err := reader.Next()
		if errors.Is(err, io.EOF) {
			run.same("frames that tshark sees", strconv.Itoa(len(frames)), strconv.Itoa(i))
			break
		}
		if err != nil {
			return err
		}
		want, err := expectedFields(d.Payload)
		if err != nil {
			return err
		}
		if i < len(frames) {
			run.same(fmt.Sprintf("frame %d", i+1), strings.Join(frames[i], "\t"), strings.Join(want, "\t"))
		}
	}
	linked, err := tshark(ctx, run, file, []string{"confd.type", "confd.response_in", "confd.status", "confd.request_in", "confd.response_time"})
	if err != nil {
		return err
	}
	for i, frame := range linked {
		isRequest := frame[0] != ""
		if run.compared(1); isRequest != (frame[1] != "") || isRequest == (frame[3] != "") || isRequest == (frame[4] != "") {
			run.differs("frame %d finds no other half: %q", i+1, frame)
		}
	}
	return nil
}

// expectedFields are what tshark should show of a datagram.
func expectedFields(datagram []byte) ([]string, error) {
	var envelope struct{ Hmac, Salt, Msg string }
	if err := json.Unmarshal(bytes.TrimPrefix(datagram, []byte(magic)), &envelope); err != nil {
		return nil, err
	}
	var message map[string]json.RawMessage
	if err := json.Unmarshal([]byte(envelope.Msg), &message); err != nil {
		return nil, err
	}
	var rsalt string
	if text, ok := message["rsalt"]; ok {
		if err := json.Unmarshal(text, &rsalt); err != nil {
			return nil, err
		}
	}
	shown := func(key string) string { return string(message[key]) }
	query := shown("query")
	if message["type"] != nil && query == "" {
		query = "null"
	}
	return []string{
		magic, envelope.Hmac, envelope.Salt, shown("protocol"), shown("type"), rsalt, shown("status"), shown("serial"), query, shown("answer"), "", "", "", "", "",
	}, nil
}

// malformedDatagrams are datagrams that aren't confd's, in all ways, and what the dissector says of each.
func malformedDatagrams() []struct{ datagram, expert string } {
	sealed := func(msg string) string { return string(signedDatagram(clusterKey, time.Now().Unix(), msg)) }
	deep := strings.Repeat("[", 10000)
	list := []struct{ datagram, expert string }{
		{"p", "confd.malformed.magic"},
		{"plj1{}", "confd.malformed.magic"},
		{"\x00\xff\xfe\x80binary", "confd.malformed.magic"},
		{"plj0", "confd.malformed.envelope"},
		{"plj0{", "confd.malformed.envelope"},
		{"plj0[]", "confd.malformed.envelope"},
		{"plj0{}", "confd.malformed.envelope"},
		{`plj0{"msg":1,"salt":2,"hmac":3}`, "confd.malformed.envelope"},
		{`plj0{"msg":"{}","salt":"1","hmac":"0123456789abcdef0123456789ABCDEF01234567"}`, "confd.malformed.message"},
		{`plj0{"msg":"{}","salt":"1","hmac":"x"} more`, "confd.malformed.envelope"},
		{`plj0{"msg":"\u12"}`, "confd.malformed.envelope"},
		{`plj0{"msg":"` + "\n" + `"}`, "confd.malformed.envelope"},
		{"plj0" + deep, "confd.malformed.envelope"},
		{"plj0" + strings.Repeat(`{"a":`, 10000), "confd.malformed.envelope"},
		{sealed(deep), "confd.malformed.message"},
		{sealed(`{"type":` + deep), "confd.malformed.message"},
		{sealed(`"text"`), "confd.malformed.message"},
		{sealed(`{"protocol":1}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"type":"1","rsalt":"x"}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"type":1}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"type":-1,"rsalt":"x"}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"type":99999999999999999999,"rsalt":"x"}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"status":null}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"status":0,"serial":1}`), "confd.malformed.message"},
		{sealed(`{"protocol":1,"type":77,"rsalt":"x"}`), "confd.unknown"},
		{sealed(`{"protocol":1,"status":9,"answer":1,"serial":1}`), "confd.unknown"},
		{strings.Replace(sealed(`{"protocol":1,"type":0,"rsalt":"x"}`), `"hmac": "`, `"hmac": "xyz`, 1), "confd.malformed.hmac"},
	}
	whole := sealed(`{"protocol":1,"type":1,"query":"node1.example.com","rsalt":"\u00e9\ud834\udd1e"}`)
	for n := len(magic); n < len(whole); n++ {
		list = append(list, struct{ datagram, expert string }{whole[:n], "confd.malformed.envelope"})
	}
	return list
}

// compareMalformed checks that malformed datagrams get expert information, and never make the dissector fail.
func compareMalformed(ctx context.Context, run *session, file string) error {
	list := malformedDatagrams()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	tap, err := capture.NewTap(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	const clientPort, confdPort = 40000, 1814
	tap.Open(0, 0, netip.AddrPortFrom(netip.IPv6Loopback(), clientPort), netip.AddrPortFrom(netip.IPv6Loopback(), confdPort))
	for _, m := range list {
		tap.Sent(0, 0, time.Now(), []byte(m.datagram))
	}
	if err := errors.Join(tap.Close(), f.Close()); err != nil {
		return err
	}
	experts := []string{"confd.malformed.magic", "confd.malformed.envelope", "confd.malformed.message", "confd.malformed.hmac", "confd.unknown"}
	frames, err := tshark(ctx, run, file, append([]string{"_ws.col.Protocol", "_ws.lua.error", "_ws.malformed"}, experts...))
	if err != nil {
		return err
	}
	run.same("malformed frames", strconv.Itoa(len(frames)), strconv.Itoa(len(list)))
	for i := range min(len(frames), len(list)) {
		said := []string{}
		for k, name := range experts {
			if frames[i][3+k] != "" {
				said = append(said, name)
			}
		}
		got := fmt.Sprintf("%s %s%s %v", frames[i][0], frames[i][1], frames[i][2], said)
		run.same(fmt.Sprintf("of the datagram %.80q", list[i].datagram), got, fmt.Sprintf("confd  %v", []string{list[i].expert}))
	}
	return nil
}
