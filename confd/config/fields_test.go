package config

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// The constants are counted by iota; this holds their names and order to the schemas'.
func TestFieldConstantsMatchSchemas(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "fields.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	prefixes := map[string]Kind{
		"Cluster": KindCluster, "Node": KindNode, "Group": KindGroup, "Instance": KindInstance, "Network": KindNetwork, "Disk": KindDisk, "Filter": KindFilter,
	}
	blocks := 0
	for _, decl := range file.Decls {
		block, ok := decl.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST || !block.Lparen.IsValid() {
			continue
		}
		blocks++
		var kind Kind
		for prefix, k := range prefixes {
			if strings.HasPrefix(block.Specs[0].(*ast.ValueSpec).Names[0].Name, prefix) {
				kind = k
			}
		}
		fields := schemas[kind].fields
		if len(block.Specs) != len(fields) {
			t.Errorf("%s: %d constants, %d fields", kind, len(block.Specs), len(fields))
			continue
		}
		for i, spec := range block.Specs {
			name := spec.(*ast.ValueSpec).Names[0].Name
			for prefix, k := range prefixes {
				if k == kind {
					name = strings.TrimPrefix(name, prefix)
				}
			}
			plain := strings.ReplaceAll(fields[i].name, "_", "")
			if !strings.EqualFold(name, plain) && !strings.EqualFold("cluster"+name, plain) {
				t.Errorf("%s: constant %d is %s, the field %s", kind, i, name, fields[i].name)
			}
		}
	}
	if blocks != int(numKinds) {
		t.Errorf("%d blocks of constants", blocks)
	}
}

// Every field that an object has is found by its constant, and nothing else.
func TestValuesAreFound(t *testing.T) {
	doc := generated(t, GenerateOptions{Nodes: 10, Instances: 100, Seed: 4, Quirks: true})
	if err := Walk(bytes.NewReader(doc), valueChecker{t}); err != nil {
		t.Fatal(err)
	}
}

type valueChecker struct{ t *testing.T }

func (valueChecker) Top(string, []byte) error { return nil }

func (c valueChecker) Object(o *Object) error {
	for k := range numKinds {
		for i := range schemas[k].fields {
			f := Field(k)<<fieldBits + Field(i)
			var want []byte
			if k == o.Kind {
				want = Lookup(o.Text, []byte(f.String()))
			}
			if got := o.Value(f); !bytes.Equal(got, want) || (got == nil) != (want == nil) {
				c.t.Errorf("%s/%s: %s is %s, want %s", o.Kind, o.Key, f, got, want)
			}
			if from, to := o.Span(f); string(o.Text[from:to]) != string(want) {
				c.t.Errorf("%s/%s: %s spans %d to %d", o.Kind, o.Key, f, from, to)
			}
		}
	}
	return nil
}

func TestNamesOfTheUnknown(t *testing.T) {
	if got := Kind(99).String() + Field(0xffff).String() + (Field(KindNode)<<fieldBits + 200).String(); got != "unknownunknownunknown" {
		t.Error(got)
	}
	if _, err := AppendCanonical(nil, 99, "k", []byte("{}")); err == nil {
		t.Error("an object of an unknown kind was accepted")
	}
	if new(Object).Value(NodeName) != nil {
		t.Error("an empty object has a name")
	}
}
