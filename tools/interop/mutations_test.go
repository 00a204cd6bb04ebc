package main

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	root := map[string]any{"b": []any{json.Number("1"), "x"}, "a": map[string]any{"c": nil}}
	var paths []string
	for _, p := range places("", root) {
		paths = append(paths, p.path)
	}
	if got := strings.Join(paths, " "); got != "/a /a/c /b /b/0 /b/1" {
		t.Errorf("places: %s", got)
	}
}

func TestMutations(t *testing.T) {
	const text = `{"n":1,"s":"ab","l":[1,2],"o":{"k":"v"}}`
	for _, test := range []struct{ path, mutation, want string }{
		{"/n", "null", `{"l":[1,2],"n":null,"o":{"k":"v"},"s":"ab"}`},
		{"/n", "removed", `{"l":[1,2],"o":{"k":"v"},"s":"ab"}`},
		{"/n", "and a half", `{"l":[1,2],"n":1.5,"o":{"k":"v"},"s":"ab"}`},
		{"/n", "as a float", `{"l":[1,2],"n":1e0,"o":{"k":"v"},"s":"ab"}`},
		{"/n", "negative", `{"l":[1,2],"n":-1,"o":{"k":"v"},"s":"ab"}`},
		{"/l/1", "a number", `{"l":[1,7],"n":1,"o":{"k":"v"},"s":"ab"}`},
		{"/l", "repeated", `{"l":[1,2,1,2],"n":1,"o":{"k":"v"},"s":"ab"}`},
		{"/l", "reversed", `{"l":[2,1],"n":1,"o":{"k":"v"},"s":"ab"}`},
		{"/s", "in capitals", `{"l":[1,2],"n":1,"o":{"k":"v"},"s":"AB"}`},
		{"/o", "with a further member", `{"l":[1,2],"n":1,"o":{"k":"v","later":1},"s":"ab"}`},
		{"/l/1", "removed", `{"l":[1,2],"n":1,"o":{"k":"v"},"s":"ab"}`},
		{"/l", "in capitals", `{"l":[1,2],"n":1,"o":{"k":"v"},"s":"ab"}`},
	} {
		got, err := changeConfig([]byte(text), func(root map[string]any) {
			for _, p := range places("", root) {
				for _, m := range mutations() {
					if p.path == test.path && m.name == test.mutation {
						m.apply(p)
						return
					}
				}
			}
		})
		if err != nil || string(got) != test.want {
			t.Errorf("%s %s: %s, %v", test.path, test.mutation, got, err)
		}
	}
}

// Whatever is done to a config, it can still be written and read.
func TestMutatedConfigsAreJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		text, err := changeConfig([]byte(`{"cluster":{"a":1.5,"e":1.7e9,"f":2E-3,"b":[{"c":"d"}]},"nodes":{"x":{"uuid":"x","serial_no":1}}}`), func(root map[string]any) { mutate(rng, root) })
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(text) {
			t.Fatalf("%s", text)
		}
	}
}
