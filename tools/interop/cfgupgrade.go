package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"gantry/confd/config"
)

// cfgupgradeTool is the reference's, where Debian's ganeti-3.0 has it. Run offline on a folder of its own it touches nothing else.
const cfgupgradeTool = "/usr/share/ganeti/3.0/cfgupgrade"

// toolLayouts are those that the reference's tool upgrades. It refuses 2.17 and 3.1, and fails on files before 2.3, which have no
// node groups; for these and for the others alike the reference's confd must load what ours makes of them.
var toolLayouts = []string{"2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.16", "3.0"}

var otherLayouts = []string{"2.0", "2.1", "2.2", "2.17", "3.1"}

// compareCfgupgrade upgrades generated files of every layout with the reference's tool and with ours, and compares every member of every object.
// What must differ between any two runs is made equal first: see upgradedCluster.
func compareCfgupgrade(ctx context.Context, run *session) error {
	for seed := range run.times(1) {
		for _, layout := range toolLayouts {
			if err := compareUpgrade(ctx, run, layout, uint64(seed)); err != nil {
				return fmt.Errorf("layout %s, seed %d: %w", layout, seed, err)
			}
		}
	}
	for _, layout := range append(append([]string{}, otherLayouts...), toolLayouts...) {
		if err := loadUpgraded(ctx, run, layout); err != nil {
			return fmt.Errorf("layout %s: %w", layout, err)
		}
	}
	return nil
}

func oldConfig(layout string, seed uint64) ([]byte, error) {
	var text bytes.Buffer
	err := config.Generate(&text, config.GenerateOptions{Nodes: 5, Instances: 40, Groups: 3, Seed: seed, Layout: layout, Python: seed%2 == 1})
	return text.Bytes(), err
}

func compareUpgrade(ctx context.Context, run *session, layout string, seed uint64) error {
	source, err := oldConfig(layout, seed)
	if err != nil {
		return err
	}
	started := time.Now()
	upgraded, err := runCfgupgrade(ctx, run, source)
	if err != nil {
		return err
	}
	theirs, err := newUpgradedCluster(source, upgraded, started)
	if err != nil {
		return fmt.Errorf("the reference's result: %w", err)
	}
	if upgraded, err = config.Upgrade(source); err != nil {
		return err
	}
	ours, err := newUpgradedCluster(source, upgraded, started)
	if err != nil {
		return err
	}
	for name, text := range theirs.members {
		run.same(fmt.Sprintf("%s upgraded, seed %d: %s", layout, seed, name), ours.members[name], text)
	}
	run.same(layout+" upgraded: number of members", fmt.Sprint(len(ours.members)), fmt.Sprint(len(theirs.members)))
	return nil
}

// runCfgupgrade returns what the reference's tool makes of a file: the layout changed, then loaded, completed, verified and saved.
func runCfgupgrade(ctx context.Context, run *session, source []byte) ([]byte, error) {
	parent, err := run.temp()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(parent)
	data, conf := filepath.Join(parent, "data"), filepath.Join(parent, "conf")
	for _, dir := range []string{data, conf} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	files := map[string]string{"config.data": string(source), "ssconf_master_node": nodeName + "\n"}
	// What isn't there the tool would make; it doesn't read these.
	for _, name := range []string{"server.pem", "client.pem", "rapi.pem", "spice.pem", "spice-ca.pem", "known_hosts", "hmac.key", "cluster-domain-secret"} {
		files[name] = "-\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	tool := exec.CommandContext(ctx, cfgupgradeTool, "--path", data, "--confdir", conf, "--ignore-hostname", "--force")
	output, err := tool.CombinedOutput()
	if err != nil || bytes.Contains(output, []byte("there are errors")) {
		return nil, fmt.Errorf("cfgupgrade: %v: %s", err, output)
	}
	return os.ReadFile(filepath.Join(data, "config.data"))
}

// loadUpgraded has the reference's confd load what ours makes of a layout.
func loadUpgraded(ctx context.Context, run *session, layout string) error {
	source, err := oldConfig(layout, 7)
	if err != nil {
		return err
	}
	upgraded, err := config.Upgrade(source)
	if err != nil {
		return err
	}
	real, err := startReal(ctx, run, confdSpec{config: upgraded})
	if err != nil {
		return err
	}
	defer real.stop()
	reply, err := real.waitReply(ctx, startPatience, pingMessage, func([]byte) bool { return true })
	if err != nil {
		return err
	}
	run.same(layout+" upgraded, a ping to the reference", `{"protocol":1,"status":0,"answer":3000000,"serial":0}`, string(reply))
	return nil
}
