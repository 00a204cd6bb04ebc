package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gantry/confd/conscience/score"
)

func TestTheReferencesFiles(t *testing.T) {
	c, err := ReadConfig(score.Letter, "testdata/service-types.conf", "testdata/service-pools.conf", "testdata/policies.conf")
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, kind := range c.Types {
		types = append(types, fmt.Sprintf("%s %s %s %v %d %v", kind.Name, kind.Put, kind.Get, kind.Timeout, kind.VariationBound, kind.LockAtFirstRegister))
	}
	want := []string{
		"account (1 + (num stat.cpu)) (1 + (num stat.cpu)) 5s 5 false",
		"echo (num stat.cpu) (num stat.cpu) 30s 20 true",
		"meta0 100 100 5m0s 5 true",
		"meta1 root(2,((num stat.cpu)*(num stat.io))) root(2,((num stat.cpu)*(num stat.io))) 5m0s 5 true",
		"meta2 ((num stat.space)>5) * root(3,((num stat.cpu)*(num stat.space)*(num stat.io))) ((num stat.space)>5) * root(3,((num stat.cpu)*(num stat.space)*(num stat.io))) 1m0s 5 false",
		"rawx root(2,((num stat.space) * (num stat.cpu))) clamp((num stat.cpu),1,100) 1m0s 5 false",
	}
	if got := strings.Join(types, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("types:\n%s", got)
	}
	if got, want := fmt.Sprint(c.Pools), "[{account 1,account} {rawx3 1,rawx-even,rawx;1,rawx-odd,rawx;1,rawx;max_dist=3;warn_dist=0} {rawx2far 2,rawx;min_dist=2;warn_dist=2}]"; got != want {
		t.Errorf("pools: %s", got)
	}
	if got, want := fmt.Sprint(c.StoragePolicies, c.DataSecurities), "[{SINGLE NONE:NONE} {THREECOPIES rawx3:DUPONETHREE}] [{DUPONETHREE plain/min_dist=1,nb_copy=3}]"; got != want {
		t.Errorf("policies: %s", got)
	}
	// The crossed comparison of meta2 is told of, for both scores at once.
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "service-types.conf:15: score_expr of type meta2, byte 17: comparisons are crossed") {
		t.Errorf("warnings: %q", c.Warnings)
	}
	if _, err := ReadConfig(score.Strict, "testdata/service-types.conf"); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "service-types.conf:15") {
		t.Errorf("strict: %v", err)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeysOfTypes(t *testing.T) {
	path := write(t, "types.conf", strings.Join([]string{
		"# a comment", "[type:x]", "SCORE_EXPR = 1 +", "put_score_expr=num stat.a", "score_timeout=12s", "score_variation_bound=-4", "lock_at_first_register=OFF", "colour=red", "",
		"[type:x]", "score_timeout = 13", "alert_frequency_limit=", "[other]", "a=b", "[pool:p]", "min_dist=2", "targets=rawx", "[pool:q]", "max_dist=3", "targets=2,rawx",
	}, "\n"))
	c, err := ReadConfig(score.Letter, path)
	if err != nil {
		t.Fatal(err)
	}
	x, ok := c.Type("x")
	if !ok || x.Put.String() != "num stat.a" || x.Get.String() != "100" || x.Timeout != 13*time.Second || x.VariationBound != -1 || x.LockAtFirstRegister || x.AlertInterval != 0 {
		t.Errorf("%+v", x)
	}
	if got := fmt.Sprint(c.Pools); got != "[{p min_dist=2} {q 2,rawx;max_dist=3}]" {
		t.Errorf("pools: %s", got)
	}
	got := strings.Join(c.Warnings, "\n")
	for _, want := range []string{":3: SCORE_EXPR of type x is ignored: byte 3: expected a number", ":8: unknown key colour", ":12: alert_frequency_limit =  is read as 0", ":13: unknown section [other]"} {
		if !strings.Contains(got, strings.Replace(want, "SCORE_EXPR", "score_expr", 1)) {
			t.Errorf("no warning %q in\n%s", want, got)
		}
	}
}

func TestTheDaemonsOwnFileNamesTheOthers(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"conscience.conf":      "[Server.conscience]\nlisten=10.0.0.1:6000\n[Plugin.conscience]\nparam_namespace=NS1\nflush_stats_on_refresh=true\nparam_service_conf=" + dir + "/*-service-{pool,type}*.conf\nparam_storage_conf=" + dir + "/policies.conf\n",
		"a-service-types.conf": "[type:echo]\nscore_expr=5\n", "a-service-pools.conf": "[pool:p]\ntargets=1,echo\n", "policies.conf": "[STORAGE_POLICY]\nONE=NONE:NONE\n", "other.conf": "no configuration",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := ReadConfig(score.Strict, filepath.Join(dir, "conscience.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Type("echo"); !ok || c.Namespace != "NS1" || !c.FlushStats || len(c.Pools) != 1 || len(c.StoragePolicies) != 1 {
		t.Errorf("%+v", c)
	}
	if err := os.Remove(filepath.Join(dir, "policies.conf")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadConfig(score.Strict, filepath.Join(dir, "conscience.conf")); !errors.Is(err, ErrConfig) {
		t.Errorf("a pattern without files: %v", err)
	}
}

func TestFilesThatAreNoConfig(t *testing.T) {
	for content, want := range map[string]string{
		"a=b": "line 1", "[x]\nab": "line 2", "[x": "line 1", "[type:]": ":1: ", "[type:" + strings.Repeat("x", 32) + "]": "31 bytes", strings.Repeat("#", maxConfigFile+1): "larger",
	} {
		if _, err := ReadConfig(score.Letter, write(t, "x.conf", content)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", content, err)
		}
	}
	if _, err := ReadConfig(score.Letter, "testdata/missing.conf"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	self := write(t, "self.conf", "")
	if err := os.WriteFile(self, []byte("[Plugin.conscience]\nparam_service_conf="+self+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadConfig(score.Letter, self); !errors.Is(err, ErrConfig) {
		t.Errorf("a file that names itself: %v", err)
	}
}

func TestBraces(t *testing.T) {
	for pattern, want := range map[string]string{
		"a": "[a]", "{a,b}c": "[ac bc]", "x{a,b}{c,d}": "[xac xad xbc xbd]", "{a": "[{a]", "a}": "[a}]", "{x{y,z}}": "[xy z}]", "}{": "[}{]", "{}": "[]",
	} {
		if got := fmt.Sprint(braces(pattern)); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
}
