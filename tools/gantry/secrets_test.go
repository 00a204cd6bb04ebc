package main

import (
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Not even the most talkative log holds the key, whoever asks, and with
// whatever key.
func TestLogHoldsNoKey(t *testing.T) {
	dirs := newNode(t)
	key, err := os.ReadFile(dirs.HMACKey())
	if err != nil {
		t.Fatal(err)
	}
	p := startConfd(t, dirs, "-d")
	peer := "127.0.0.1:" + strconv.Itoa(p.port)
	if code, _, stderr := call(t, "gantry", "query", "--root", dirs.Root, "--peer", peer, "master"); code != 0 {
		t.Fatal(stderr)
	}
	const other = "a key of somebody else's"
	wrong := dirs.HMACKey() + ".wrong"
	if err := os.WriteFile(wrong, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, _ := call(t, "gantry", "query", "--timeout", "300ms", "--key", wrong, "--peer", peer, "master"); code == 0 {
		t.Error("a query with the wrong key was answered")
	}
	log, err := os.ReadFile(dirs.LogFile("conf-daemon"))
	if err != nil || len(log) == 0 {
		t.Fatalf("log %q, %v", log, err)
	}
	secret := strings.TrimSpace(string(key))
	for _, text := range []string{secret, hex.EncodeToString([]byte(secret)), other, hex.EncodeToString([]byte(other))} {
		if strings.Contains(strings.ToLower(string(log)), text) {
			t.Errorf("the log holds %q", text)
		}
	}
}
