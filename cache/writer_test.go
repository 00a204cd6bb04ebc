package cache

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gantry/confd/config"
)

// writerPath makes the test's binary a writer of the config at that path.
const writerPath = "GANTRY_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerPath); path != "" {
		fmt.Fprintln(os.Stderr, writeForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver writes one version of a config after the other. In each, the
// cluster's name, its serial number and the config's tell the version.
func writeForEver(path string) error {
	text, err := os.ReadFile("testdata/mini.config.json")
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		version := strings.NewReplacer(
			`"serial_no": 100`, fmt.Sprintf(`"serial_no": %d`, n),
			`"serial_no": 7`, fmt.Sprintf(`"serial_no": %d`, n),
			`"mini.example.com"`, fmt.Sprintf(`"%d.example.com"`, n),
		).Replace(string(text))
		doc, err := config.Parse([]byte(version))
		if err != nil {
			return err
		}
		if err := config.WriteFile(path, doc, 0o640); err != nil {
			return err
		}
	}
}

// TestReadersSeeWholeConfigsWhateverHappensToTheWriter kills the writer at any
// point, again and again, while a loader follows the file.
func TestReadersSeeWholeConfigsWhateverHappensToTheWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.data")
	l := NewLoader(LoaderConfig{Path: path, Grace: DefaultGrace, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()

	seen := map[int64]bool{}
	check := func() {
		s := l.Snapshot()
		if _, none := s.Unavailable(); none {
			if len(seen) > 0 {
				t.Fatal("the config is gone")
			}
			return
		}
		info := s.Info()
		if want := fmt.Sprintf("%d.example.com", info.Serial); info.Cluster != want || string(s.ClusterSerial()) != fmt.Sprint(info.Serial) {
			t.Fatalf("config %d is of cluster %s, with serial %s", info.Serial, info.Cluster, s.ClusterSerial())
		}
		seen[info.Serial] = true
	}
	// On a busy machine a writer may be killed before it wrote: then it takes
	// more lives until three configs were seen.
	const lives, enough = 30, 3
	for life := 0; life < lives || len(seen) < enough && life < 10*lives; life++ {
		writer := exec.Command(os.Args[0])
		writer.Env = append(os.Environ(), writerPath+"="+path)
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Duration(40+7*(life%lives)) * time.Millisecond); time.Now().Before(deadline); {
			l.Reload()
			check()
		}
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = writer.Wait()
		if info, err := os.Stat(path); err == nil && info.Size() == 0 {
			t.Fatal("the file is empty")
		}
		if text, err := os.ReadFile(path); err == nil {
			if _, err := config.Parse(text); err != nil {
				t.Fatalf("a killed writer left a file that is no config: %v", err)
			}
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(seen) < enough {
		t.Errorf("only %d versions were seen", len(seen))
	}
}
