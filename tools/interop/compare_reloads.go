package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"gantry/confd/config"
)

// The documented differences in what becomes of a config that changes.
const (
	badConfigs  = "confd.md#a-config-that-cant-be-used"
	goneConfigs = "confd.md#a-config-that-is-gone"
	unknownKeys = "confd.md#unknown-keys"
	missing     = "confd.md#missing-fields"
	textLists   = "confd.md#text-spelt-as-a-list"
)

// reloadPatience is how long a change of the file may take to show: the reference looks every 17 seconds when its notifications fail it.
const reloadPatience = 25 * time.Second

// readPause is within what time ours reads a changed file for certain: it looks at once, but reads at most once a second.
const readPause = 1500 * time.Millisecond

func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(length):
		return nil
	}
}

// A reload is a change of the config file and what the servers then answer.
type reload struct {
	about  string
	change func(path string) error
	// serial is what the top-level serial number then is; 0: the answers are errors.
	ours, theirs int
	anchor       string // of the documented difference between them
}

// compareReloads changes the config file under both servers in every way that happens to it, good and bad, and compares what they then answer.
func compareReloads(ctx context.Context, run *session) error {
	first, err := numberedConfig(1)
	if err != nil {
		return err
	}
	theirs, err := startReal(ctx, run, confdSpec{config: first})
	if err != nil {
		return err
	}
	defer theirs.stop()
	ours, err := startOurs(ctx, run, confdSpec{config: first})
	if err != nil {
		return err
	}
	defer ours.stop()
	for _, r := range reloads() {
		var answers, took [2]string
		for i, side := range []struct {
			server *confdServer
			serial int
		}{{ours, r.ours}, {theirs, r.theirs}} {
			if err := r.change(side.server.configPath()); err != nil {
				return err
			}
			started := time.Now()
			if i == 0 && (r.anchor == badConfigs || r.anchor == textLists) {
				// That ours goes on answering says something only once it has read the bad file.
				if err := pause(ctx, readPause); err != nil {
					return err
				}
			}
			answer, err := side.server.waitSerial(ctx, side.serial)
			if err != nil {
				return fmt.Errorf("%s: %w", r.about, err)
			}
			answers[i] = strings.ReplaceAll(string(answer), side.server.root, "ROOT")
			took[i] = time.Since(started).Round(time.Millisecond).String()
		}
		run.log("%-46s shows in ours within %s, in theirs within %s", r.about, took[0], took[1])
		switch {
		case r.anchor == "":
			run.same(r.about, answers[0], answers[1])
		default:
			run.compared(1)
			run.documented(r.anchor)
		}
	}
	return compareBadStarts(ctx, run)
}

// reloads are in an order that matters: each starts from what the one before left.
func reloads() []reload {
	return []reload{
		{about: "replaced by rename", change: renameConfig(2, nil), ours: 2, theirs: 2},
		{about: "replaced by rename again", change: renameConfig(3, nil), ours: 3, theirs: 3},
		{about: "written in place", change: writeConfig(4), ours: 4, theirs: 4},
		{about: "torn", change: renameConfig(5, func(text []byte) []byte { return text[:len(text)/2] }), ours: 4, theirs: 0, anchor: badConfigs},
		{about: "good after torn", change: renameConfig(6, nil), ours: 6, theirs: 6},
		{about: "no JSON", change: renameConfig(7, func([]byte) []byte { return []byte("hello\n") }), ours: 6, theirs: 0, anchor: badConfigs},
		{about: "empty", change: renameConfig(8, func([]byte) []byte { return nil }), ours: 6, theirs: 0, anchor: badConfigs},
		{about: "without instances", change: renameConfig(9, replaced(`"instances":`, `"inst":`)), ours: 6, theirs: 0, anchor: badConfigs},
		{about: "with an unknown key", change: renameConfig(10, func(text []byte) []byte {
			return bytes.Replace(text, []byte(`{"version":`), []byte(`{"later":[{}],"version":`), 1)
		}), ours: 10, theirs: 0, anchor: unknownKeys},
		{about: "without a field", change: renameConfig(11, replaced(`"powered":true,`, ``)), ours: 11, theirs: 0, anchor: missing},
		{about: "with null for a field", change: renameConfig(12, replaced(`"powered":true,`, `"powered":null,`)), ours: 12, theirs: 0, anchor: missing},
		{about: "good after bad", change: renameConfig(13, nil), ours: 13, theirs: 13},
		{about: "with a text spelt as a list", change: renameConfig(14, replaced(`"admin_state_source":"admin"`, `"admin_state_source":["a","d","m","i","n"]`)), ours: 13, theirs: 14, anchor: textLists},
		{about: "good again", change: renameConfig(15, nil), ours: 15, theirs: 15},
		{about: "just gone", change: os.Remove, ours: 15, theirs: 0, anchor: goneConfigs},
		{about: "gone for good", change: func(string) error { return nil }, ours: 0, theirs: 0},
		{about: "back", change: renameConfig(16, nil), ours: 16, theirs: 16},
	}
}

// replaced replaces texts of a config by others, in pairs, everywhere.
func replaced(pairs ...string) func(text []byte) []byte {
	replacer := strings.NewReplacer(pairs...)
	return func(text []byte) []byte { return []byte(replacer.Replace(string(text))) }
}

// numberedConfig is a small config whose serial number is n.
func numberedConfig(n int) ([]byte, error) {
	text, err := testConfig{name: "reload", options: config.GenerateOptions{Nodes: 3, Instances: 5, Seed: 9}}.build()
	if err != nil {
		return nil, err
	}
	at := bytes.LastIndex(text, []byte(`"serial_no":`))
	if at < 0 {
		return nil, errors.New("the generated config has no serial number")
	}
	end := at + bytes.IndexAny(text[at:], ",}")
	return fmt.Appendf(text[:at:at], `"serial_no":%d%s`, n, text[end:]), nil
}

// renameConfig replaces the config by the n-th, spoiled if spoil isn't nil, in the way of wconfd.
func renameConfig(n int, spoil func([]byte) []byte) func(path string) error {
	return func(path string) error {
		text, err := numberedConfig(n)
		if err != nil {
			return err
		}
		if spoil != nil {
			text = spoil(text)
		}
		if err := os.WriteFile(path+".new", text, 0o644); err != nil {
			return err
		}
		return os.Rename(path+".new", path)
	}
}

// writeConfig writes the n-th config into the file that is there.
func writeConfig(n int) func(path string) error {
	return func(path string) error {
		text, err := numberedConfig(n)
		if err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o644)
	}
}

// waitSerial returns the first answer that holds the serial number, or that is an error if serial is 0.
func (s *confdServer) waitSerial(ctx context.Context, serial int) ([]byte, error) {
	const ask = `{"protocol":1,"type":10,"query":"/serial_no","rsalt":"reload"}`
	wanted := fmt.Appendf(nil, `"status":0,"answer":%d,`, serial)
	if serial == 0 {
		wanted = []byte(`"status":1,`)
	}
	return s.waitReply(ctx, reloadPatience, ask, func(msg []byte) bool { return bytes.Contains(msg, wanted) })
}

// compareBadStarts starts both servers without a config and with bad ones, and gives them a good one later.
func compareBadStarts(ctx context.Context, run *session) error {
	good, err := numberedConfig(20)
	if err != nil {
		return err
	}
	for about, text := range map[string][]byte{"no config at the start": nil, "a torn config at the start": good[:1000], "an empty config at the start": {}} {
		var answers [2]string
		for i, start := range []func(context.Context, *session, confdSpec) (*confdServer, error){startOurs, startReal} {
			server, err := start(ctx, run, confdSpec{config: text})
			if err != nil {
				return fmt.Errorf("%s: %w", about, err)
			}
			answer, err := server.waitSerial(ctx, 0)
			if err == nil {
				err = renameConfig(20, nil)(server.configPath())
			}
			if err == nil {
				_, err = server.waitSerial(ctx, 20)
			}
			server.stop()
			if err != nil {
				return fmt.Errorf("%s: %w", about, err)
			}
			answers[i] = strings.ReplaceAll(string(answer), server.root, "ROOT")
		}
		if text != nil {
			// What is wrong with a text is said in each one's own words.
			for i, answer := range answers {
				answers[i], _, _ = strings.Cut(answer, "parsing configuration:")
			}
		}
		run.same(about, answers[0], answers[1])
	}
	return nil
}
