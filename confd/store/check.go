package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gantry/confd/config"
)

// plainMembers are those whose change can break no rule that involves objects other than the one that has them, those that
// it names, and the nodes, groups and networks. Validating a whole file takes a hundred milliseconds for a thousand
// instances; for a change of these members only a part of it is looked at.
var plainMembers = map[config.Kind][]string{
	config.KindCluster:  {"candidate_certs", "ctime", "mtime", "serial_no", "tags", "master_node"},
	config.KindNode:     {"master_candidate", "offline", "drained", "master_capable", "vm_capable", "powered", "ndparams", "ctime", "mtime", "serial_no", "tags"},
	config.KindInstance: {"os", "hvparams", "beparams", "osparams", "osparams_private", "admin_state", "admin_state_source", "disks_active", "ctime", "mtime", "serial_no", "tags"},
}

// check returns an error that names the rules that doc breaks and that the document before it didn't break. changed is what
// differs between them.
func check(before, doc *config.Document, changed []ref) error {
	if plain(before, doc, changed) {
		before, doc = part(before, changed), part(doc, changed)
	}
	found, err := broken(doc)
	if err != nil || len(found) == 0 {
		return err
	}
	already, err := broken(before)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(problem string) bool { return slices.Contains(already, problem) })
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("the configuration would break its rules: %s", strings.Join(found, "; "))
}

// broken returns the rules that a document breaks.
func broken(doc *config.Document) ([]string, error) {
	report, err := config.Validate(bytes.NewReader(doc.Append(nil)))
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, p := range report.Problems {
		if p.Severity == config.SeverityError {
			texts = append(texts, p.Object+": "+p.Rule)
		}
	}
	return texts, nil
}

// plain reports whether only plain members changed.
func plain(before, doc *config.Document, changed []ref) bool {
	return !slices.ContainsFunc(changed, func(r ref) bool {
		was, is := before.Get(r.kind, r.key), doc.Get(r.kind, r.key)
		return was == nil || is == nil || !differsOnlyIn(was, is, plainMembers[r.kind])
	})
}

func differsOnlyIn(a, b []byte, names []string) bool {
	members := map[string][]byte{}
	for name, value := range config.Members(a) {
		members[string(name)] = value
	}
	for name, value := range config.Members(b) {
		was, had := members[string(name)]
		delete(members, string(name))
		if (!had || !bytes.Equal(was, value)) && !slices.Contains(names, unquoted(name)) {
			return false
		}
	}
	for name := range members {
		if !slices.Contains(names, unquoted([]byte(name))) {
			return false
		}
	}
	return true
}

func unquoted(name []byte) string { return string(config.Unquote(nil, name)) }

// part returns the document with the cluster, nodes, groups and networks, and of the rest only what changed and what that
// names.
func part(doc *config.Document, changed []ref) *config.Document {
	p := doc.Clone()
	keep := map[ref]bool{}
	for _, r := range changed {
		keep[r] = true
		if r.kind == config.KindInstance {
			for disk := range config.Elements(config.Lookup(doc.Get(r.kind, r.key), []byte("disks"))) {
				keep[ref{config.KindDisk, unquoted(disk)}] = true
			}
		}
	}
	for _, kind := range []config.Kind{config.KindInstance, config.KindDisk, config.KindFilter} {
		for key := range doc.All(kind) {
			if !keep[ref{kind, key}] {
				p.Delete(kind, key)
			}
		}
	}
	return p
}
