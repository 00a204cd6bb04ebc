package confd

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/wire"
)

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// verifies reports whether a request signed with a key is taken.
func verifies(k *keys, secret string) bool {
	key := wire.NewKey([]byte(secret))
	datagram := wire.AppendRequest(nil, key, salt, wire.AppendRequestMsg(nil, wire.ReqPing, wire.Query{}, []byte("r")))
	return wire.NewParser(1).Parse([][]byte{datagram}, k.current.Load(), salt)[0].Drop == wire.DropNone
}

func TestDuringAKeyChangeBothKeysVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "hmac.key")
		writeFile(t, path, "old\n")
		var log bytes.Buffer
		k, err := newKeys(path, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if !verifies(k, "old\n") || verifies(k, "new\n") || verifies(k, "old") {
			t.Fatal("not exactly the key in the file verifies")
		}
		writeFile(t, path, "new\n")
		if next := k.load(); next.Again != overlap {
			t.Errorf("asks to be called again after %v, want %v", next.Again, overlap)
		}
		<-time.After(overlap - time.Second)
		k.load()
		if !verifies(k, "old\n") || !verifies(k, "new\n") {
			t.Error("not both keys verify during the change")
		}
		<-time.After(time.Second)
		k.load()
		if verifies(k, "old\n") || !verifies(k, "new\n") {
			t.Error("not exactly the new key verifies after the change")
		}
		if strings.Contains(log.String(), "old") || strings.Contains(log.String(), "new\n") {
			t.Errorf("a key was logged:\n%s", log.String())
		}
	})
}

func TestAKeyFileWithoutAKeyChangesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hmac.key")
	writeFile(t, path, "key")
	var log bytes.Buffer
	k, err := newKeys(path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, break_ := range []func(){
		func() { writeFile(t, path, "") },
		func() { writeFile(t, path, strings.Repeat("x", maxKeyFile+1)) },
		func() { _ = os.Remove(path) },
	} {
		break_()
		log.Reset()
		k.load()
		k.load()
		if !verifies(k, "key") {
			t.Errorf("the key is lost: %s", log.String())
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("logged %d times: %s", n, log.String())
		}
	}
}

func TestAServerNeedsAKey(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "empty"), "")
	writeFile(t, filepath.Join(dir, "long"), strings.Repeat("x", maxKeyFile+1))
	for name, want := range map[string]string{
		"absent": "no such file or directory",
		"empty":  "is empty",
		"long":   "is longer than 4096 bytes",
	} {
		path := filepath.Join(dir, name)
		_, err := newKeys(path, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q and the path", name, err, want)
		}
	}
}
