package loadgen

import (
	"os"
	"path/filepath"
	"testing"

	"gantry/confd/config"
	"gantry/confd/wire"
)

// TestMixesAskWhatTheConfigHas reads the names of a config, and expects that no
// share of the mixes is left out for want of them.
func TestMixesAskWhatTheConfigHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.data")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := config.Generate(f, config.GenerateOptions{Nodes: 3, Instances: 20, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := ReadNames(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(names.Nodes) != 3 || len(names.Instances) < 10 {
		t.Errorf("%d nodes and %d addresses, want 3 and most of 20", len(names.Nodes), len(names.Instances))
	}
	if n := len(StandardMix(names)); n != 5 {
		t.Errorf("the standard mix has %d shares, want 5", n)
	}
	asked := map[wire.Type]bool{}
	for _, share := range AllTypesMix(names) {
		for _, q := range share.Queries {
			asked[q.Type] = true
		}
	}
	if len(asked) != wire.NumTypes {
		t.Errorf("the mix of all types asks %d types, want %d", len(asked), wire.NumTypes)
	}
}
