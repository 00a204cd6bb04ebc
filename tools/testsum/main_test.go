package main

import (
	"errors"
	"strings"
	"testing"
)

func TestSummarize(t *testing.T) {
	for _, test := range []struct {
		name, events string
		want         string
		good         bool
	}{
		{"all passed", `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"output","Package":"p","Output":"ok p\n"}
{"Action":"pass","Package":"p","Elapsed":0.25}
{"Action":"skip","Package":"q","Elapsed":0}`, "pass p 0.2s\n1 passed, 0 failed, 0 skipped\n", true},
		{"a failure and its output", `{"Action":"output","Package":"p","Test":"TestA","Output":"a.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p","Elapsed":1}`, "a.go:1: wrong\nfail p 1.0s\n1 passed, 1 failed, 0 skipped\n", false},
		{"a skipped test", `{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"no network\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Elapsed":1}`, "no network\npass p 1.0s\n1 passed, 0 failed, 1 skipped\n", false},
		{"a package that doesn't build", `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p"}
{"Action":"pass","Package":"q","Test":"TestA"}`, "p.go:1: syntax error\nFAIL p [build failed]\nfail p 0.0s\n1 passed, 1 failed, 0 skipped\n", false},
		{"a package that dies in a test", `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: late\n"}
{"Action":"fail","Package":"p","Elapsed":2}`, "panic: late\nfail p 2.0s\n0 passed, 1 failed, 0 skipped\n", false},
		{"no test at all", `{"Action":"skip","Package":"q"}`, "0 passed, 0 failed, 0 skipped\n", false},
		{"nothing", "", "0 passed, 0 failed, 0 skipped\n", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var output strings.Builder
			result, err := summarize(strings.NewReader(test.events), &output)
			if err != nil || output.String() != test.want || result.good() != test.good {
				t.Errorf("%q, good %v, %v; want %q, good %v", output.String(), result.good(), err, test.want, test.good)
			}
		})
	}
}

func TestOtherOutputIsRefused(t *testing.T) {
	if _, err := summarize(strings.NewReader("ok p 0.1s\n"), &strings.Builder{}); !errors.Is(err, errNotJSON) {
		t.Errorf("error %v, want %v", err, errNotJSON)
	}
}
