package main

import (
	"runtime/debug"
	"testing"
)

func TestBuildIsCompletedFromTheBinary(t *testing.T) {
	info := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	}
	for _, test := range []struct {
		name       string
		have, want build
		line       string
	}{
		{"nothing known", build{}, build{Version: "v1.2.3", Revision: "abc", Modified: true}, "v1.2.3 (abc), modified, , "},
		{"the Makefile's word counts", build{Version: "0.1.0", Revision: "def-dirty"}, build{Version: "0.1.0", Revision: "def-dirty"}, "0.1.0 (def-dirty), , "},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.have
			got.complete(info)
			if got != test.want || got.String() != test.line {
				t.Errorf("%+v %q, want %+v %q", got, got, test.want, test.line)
			}
		})
	}
}
