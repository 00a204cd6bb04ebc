package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gantry/confd/config"
)

// An outcomeOf is what a command did.
type outcomeOf struct {
	stdout, stderr string
	err            error
}

// configCommand runs gantry config with its input.
func configCommand(t *testing.T, stdin string, args ...string) outcomeOf {
	t.Helper()
	command := newRootCommand()
	var stdout, stderr strings.Builder
	command.SetIn(strings.NewReader(stdin))
	command.SetOut(&stdout)
	command.SetErr(&stderr)
	command.SetArgs(append([]string{"config"}, args...))
	err := command.ExecuteContext(t.Context())
	return outcomeOf{stdout.String(), stderr.String(), err}
}

// works runs a command that must not fail and returns what it wrote.
func works(t *testing.T, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	got := configCommand(t, stdin, args...)
	if got.err != nil {
		t.Fatalf("gantry config %s: %v", strings.Join(args, " "), got.err)
	}
	return got.stdout, got.stderr
}

func readBack(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func modeOf(t *testing.T, name string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestConfigGenerateWritesWhatThePackageMakes(t *testing.T) {
	var want bytes.Buffer
	opts := config.GenerateOptions{Nodes: 5, Instances: 7, Seed: 9, Groups: 2, Networks: 3, Filters: -1, Candidates: 2, Family: config.FamilyIPv6,
		Templates: []string{"drbd", "plain"}, NonASCII: true, Forthcoming: true, Python: true}
	if err := config.Generate(&want, opts); err != nil {
		t.Fatal(err)
	}
	flags := strings.Fields("generate --nodes 5 --instances 7 --seed 9 --groups 2 --networks 3 --filters 0 --candidates 2 --family 6 --templates drbd,plain --non-ascii --forthcoming --python")
	stdout, _ := works(t, "", flags...)
	if stdout != want.String() {
		t.Error("other bytes on standard output")
	}
	file := filepath.Join(t.TempDir(), "config.data")
	if stdout, _ := works(t, "", append(flags, "-o", file)...); stdout != "" || readBack(t, file) != want.String() {
		t.Error("other bytes in the file")
	}
	if mode := modeOf(t, file); mode != configMode {
		t.Errorf("mode %o", mode)
	}
}

func TestConfigCommandsAgree(t *testing.T) {
	for _, layout := range []string{"2.0", "2.7", "2.12", "2.16", "2.17", "3.0", "3.1"} {
		old, _ := works(t, "", "generate", "--layout", layout)
		current, said := works(t, old, "upgrade", "-")
		if want := "standard input: " + layout + " upgraded to 3.0"; layout != "3.0" && !strings.HasPrefix(said, want) {
			t.Errorf("%s: it said %q", layout, said)
		}
		again, said := works(t, current, "upgrade", "-")
		if again != current || !strings.Contains(said, "current already, nothing changes") {
			t.Errorf("%s: upgraded again it changes, or it said %q", layout, said)
		}
		whole, _ := works(t, old, "show", "-")
		if layout < "2.13" && whole != current+"\n" {
			t.Errorf("%s: show and upgrade differ", layout)
		}
		summary, _ := works(t, old, "check", "-")
		if !strings.Contains(summary, "standard input: version "+layout+", ") {
			t.Errorf("%s: check said %q", layout, summary)
		}
	}
}

func TestConfigCheckSumsUp(t *testing.T) {
	text, _ := works(t, "", "generate", "--nodes", "1", "--instances", "2", "--templates", "plain", "--seed", "4")
	summary, _ := works(t, text, "check", "-")
	serial, _ := works(t, text, "show", "-", "/serial_no")
	want := "standard input: version 3.0, current layout, serial " + strings.TrimSpace(serial) + "; 1 node, 1 group, 2 instances, 2 networks, 2 disks, 1 filter; no problems\n"
	if summary != want {
		t.Errorf("got %q, want %q", summary, want)
	}
}

func TestConfigCheckFailsOnErrorsOnly(t *testing.T) {
	text, _ := works(t, "", "generate")
	odd := strings.Replace(text, `{"version"`, `{"colour":1,"version"`, 1)
	stdout, _ := works(t, odd, "check", "-")
	if !strings.HasPrefix(stdout, "warning: configuration: unknown member colour\n") || !strings.HasSuffix(stdout, "; 1 warning\n") {
		t.Errorf("got %q", stdout)
	}
	broken := strings.Replace(text, `"master_node":"`, `"master_node":"x`, 1)
	got := configCommand(t, broken, "check", "-")
	if got.err == nil || got.err.Error() != "standard input: 1 error" || !strings.HasPrefix(got.stdout, "error: cluster: master_node names no node: x") ||
		strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestConfigCheckWarnsOfReadableSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.data")
	works(t, "", "generate", "-o", file)
	if stdout, _ := works(t, "", "check", file); !strings.HasSuffix(stdout, "; no problems\n") {
		t.Errorf("mode 0640: %q", stdout)
	}
	if err := os.Chmod(file, 0o604); err != nil {
		t.Fatal(err)
	}
	if stdout, _ := works(t, "", "check", file); !strings.Contains(stdout, "its mode is 0604") {
		t.Errorf("mode 0604: %q", stdout)
	}
}

func TestConfigShow(t *testing.T) {
	text, _ := works(t, "", "generate", "--seed", "3", "--layout", "2.4")
	for _, c := range []struct{ path, want string }{
		{"/version", "3000000"},
		{"/cluster/cluster_name", `"cluster.example.com"`},
		{"/cluster/enabled_hypervisors/0", `"kvm"`},
		{"/cluster/enabled_hypervisors/0abc", `"kvm"`},
		{"/cluster/hv_state_static", "{}"},
		{"/cluster/serial_no~zzz", ""},
	} {
		stdout, _ := works(t, text, "show", "-", c.path)
		if got := strings.TrimSuffix(stdout, "\n"); c.want != "" && got != c.want {
			t.Errorf("%s: got %s, want %s", c.path, got, c.want)
		}
	}
	indented, _ := works(t, text, "show", "--indent", "-", "/cluster/nicparams")
	if want := "{\n  \"default\": {\n    \"mode\": \"bridged\",\n    \"link\": \"br0\",\n    \"vlan\": \"\"\n  }\n}\n"; indented != want {
		t.Errorf("got %s", indented)
	}
	for path, want := range map[string]string{
		"/cluster/nope": `standard input: no value at "/cluster/nope"`,
		"/":             `standard input: no value at "/"`,
		"cluster":       `standard input: no value at "cluster": a path begins with a slash, as in /cluster/cluster_name`,
	} {
		if got := configCommand(t, text, "show", "-", path); got.err == nil || got.err.Error() != want || got.stdout != "" {
			t.Errorf("%s: got %+v", path, got)
		}
	}
}

func TestConfigUpgradeInPlaceKeepsACopy(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.data")
	old, _ := works(t, "", "generate", "--layout", "2.9")
	if err := os.WriteFile(file, []byte(old), 0o664); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o664); err != nil { // whatever the umask
		t.Fatal(err)
	}
	stdout, _ := works(t, "", "upgrade", "--dry-run", "--in-place", file)
	if !strings.HasPrefix(stdout, file+": 2.9 upgraded to 3.0") || readBack(t, file) != old {
		t.Errorf("the dry run changed the file, or said %q", stdout)
	}
	stdout, said := works(t, "", "upgrade", "--in-place", file)
	backups, err := filepath.Glob(file + ".backup-*")
	if err != nil || len(backups) != 1 || stdout != "" || !strings.Contains(said, "the old file is "+backups[0]) {
		t.Fatalf("backups %v, %v; it said %q", backups, err, said)
	}
	current, _ := works(t, old, "upgrade", "-")
	if readBack(t, file) != current || readBack(t, backups[0]) != old {
		t.Error("the file isn't upgraded, or the copy isn't the old file")
	}
	if file, backup := modeOf(t, file), modeOf(t, backups[0]); file != 0o660 || backup != 0o600 {
		t.Errorf("modes %o and %o", file, backup)
	}
	works(t, "", "upgrade", "--in-place", file)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("an upgrade that changes nothing left %v, %v", entries, err)
	}
}

func TestReplacingAFileKeepsLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "config.data"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	works(t, "", "generate", "-o", link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if len(readBack(t, file)) == 0 || modeOf(t, file) != 0o600 {
		t.Error("the file behind the link is not what it should be")
	}
}

func TestConfigMistakesAreOneLine(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "config.data")
	works(t, "", "generate", "-o", file)
	before := readBack(t, file)
	for _, c := range []struct {
		args, stdin, want string
	}{
		{"genrate", "", `unknown command "genrate" for gantry config: did you mean generate?`},
		{"generate x", "", `generate takes no arguments, not "x"`},
		{"generate --nodes 0", "", "generate a cluster: 0 nodes: must be 1 to 60000"},
		{"generate --nodes many", "", `invalid argument "many" for "--nodes" flag`},
		{"generate --family 5", "", "--family 5: must be 4 or 6"},
		{"generate --layout 1.2 -o " + file, "", `layout "1.2": must be 2.0 to 2.17, 3.0 or 3.1`},
		{"generate --quirks --layout 2.1", "", "quirks in layout 2.1: they are for layout 3.0 only"},
		{"generate --templates tape", "", `disk template "tape": must be one of blockdev,`},
		{"generate -o /nonexistent/config.data", "", "write /nonexistent/config.data: no such file or directory"},
		{"generate -o " + dir, "", dir + " is not a regular file"},
		{"check", "", "which file? use gantry config check FILE, with - for standard input"},
		{"check a b", "", `unexpected argument "b"; see gantry config check --help`},
		{"check /nonexistent", "", "open /nonexistent: no such file or directory"},
		{"check " + dir, "", "is a directory"},
		{"check -", "{", "standard input: configuration: not valid JSON: unexpected end"},
		{"check -", "", "standard input: configuration: not valid JSON: unexpected end"},
		{"show -", "[]", "standard input: "},
		{"show a b c", "", `unexpected argument "c"`},
		{"upgrade", "", "which file?"},
		{"upgrade -", `{"version":1020000,"cluster":{}}`, "standard input: upgrade configuration: version 1020000: not a version from 2.0 to 2.17, 3.0 or 3.1"},
		{"upgrade --in-place -", "", "standard input can't be upgraded --in-place"},
		{"upgrade --in-place -o x y", "", "--in-place and --output exclude each other"},
		{"upgrade /nonexistent", "", "open /nonexistent: no such file or directory"},
	} {
		got := configCommand(t, c.stdin, strings.Fields(c.args)...)
		if got.err == nil || !strings.Contains(got.err.Error(), c.want) || strings.Contains(got.err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", c.args, got.err, c.want)
		}
		if got.stdout != "" {
			t.Errorf("%s: it wrote %q", c.args, got.stdout)
		}
	}
	if readBack(t, file) != before {
		t.Error("a failed command changed the file")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("failed commands left %v, %v", entries, err)
	}
}
