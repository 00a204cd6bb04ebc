// Command layers checks that the module's packages import each other in one
// direction only, and that a few import nothing that they must not need.
//
//	go run ./tools/layers
//
// It prints a line for each import that breaks a rule, and exits with 1 then.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	packages, err := list()
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(1)
	}
	problems := check(packages, rules)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// A goPackage is what go list says of a package of this module.
type goPackage struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
}

// list returns the module's packages and those of its own that they need.
func list() ([]goPackage, error) {
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Module", "./...")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Module != nil && p.Module.Path == module {
			packages = append(packages, p)
		}
	}
}
