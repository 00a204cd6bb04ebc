package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"gantry/confd/config"
	"gantry/confd/ssconf"
	"gantry/confd/vote"
)

// directories returns the options of a master whose candidates' copies are real directories.
func directories(t testing.TB, instances int) (Options, []string) {
	doc := generated(t, instances)
	var master string
	copies := map[string]*Copy{}
	candidates := 0
	for key, text := range doc.All(config.KindNode) {
		node, err := config.Decode[config.Node](text)
		if err != nil {
			t.Fatal(err)
		}
		if key == unquoted(config.Lookup(doc.Get(config.KindCluster, ""), []byte("master_node"))) {
			master = node.Name
		} else if candidates++; candidates > 2 {
			node.MasterCandidate = false
		}
		if err := config.Store(doc, key, node); err != nil {
			t.Fatal(err)
		}
	}
	names, err := candidatesOf(doc)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, name := range names {
		dir := t.TempDir()
		if err := config.WriteFile(filepath.Join(dir, configFile), doc, configMode); err != nil {
			t.Fatal(err)
		}
		if copies[name], err = OpenCopy(Directory(dir, filepath.Join(dir, "lock"), -1), "boot"); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	return Options{Node: master, Copy: copies[master],
		Replica: func(name string) Replica { return localReplica{copies[name]} },
		Render: func(d *config.Document) (map[ssconf.Key]string, error) {
			return map[ssconf.Key]string{ssconf.ClusterName: "c.example.com\n"}, nil
		}}, dirs
}

func TestDirectoriesOfThreeCandidates(t *testing.T) {
	options, dirs := directories(t, 3)
	options.Level = All
	s, err := Lead(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Change(t.Context(), addTag("x")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		data, err := os.ReadFile(filepath.Join(dir, configFile))
		if err != nil || Digest(data) != s.Snapshot().Digest {
			t.Errorf("%s: %v, or another version", dir, err)
		}
		for name, mode := range map[string]os.FileMode{configFile: 0o640, "ssconf_cluster_name": 0o444, FenceFile: 0o600} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*"+temporarySuffix)); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestATornPushChangesNothing(t *testing.T) {
	options, _ := directories(t, 1)
	before, err := options.Copy.Holding()
	if err != nil {
		t.Fatal(err)
	}
	grant, err := options.Copy.Claim(vote.Claim{From: "x", Floor: before.LowestFloor(), Reign: "r"})
	if err != nil {
		t.Fatal(err)
	}
	err = options.Copy.Push(&Push{Push: vote.Push{From: "x", Floor: grant.Floor, Reign: "r", Boot: grant.Boot,
		Serial: grant.Floor, Digest: Digest([]byte("whole"))}, Data: []byte("who")})
	if after, _ := options.Copy.Holding(); !errors.Is(err, ErrDigest) || after.Serial != before.Serial {
		t.Errorf("got %v, serial %d", err, after.Serial)
	}
}

func BenchmarkChange(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("1000 instances/%d writers", writers), func(b *testing.B) {
			options, _ := directories(b, 1000)
			s, err := Lead(context.Background(), options)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			instance := anyOf(b, s.Snapshot().Document, config.KindInstance)
			first := s.Snapshot().Serial
			b.ReportAllocs()
			b.ResetTimer()
			var n atomic.Int64
			b.SetParallelism(writers)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					state := []string{"up", "down"}[n.Add(1)%2]
					_, err := s.Change(context.Background(), func(tx *Tx) error {
						return Edit(tx, instance, func(o *config.Instance) error { o.AdminState = state; return nil })
					})
					if err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/float64(s.Snapshot().Serial-first), "changes/version")
			b.ReportMetric(float64(len(s.Snapshot().Data)), "B/version")
		})
	}
}
