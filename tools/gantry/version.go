package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and revision are set by the Makefile; without it they are taken from
// what the Go tool noted in the binary.
var version, revision string

// A build says what this binary was made of.
type build struct {
	Version   string `json:"version"`
	Revision  string `json:"revision,omitempty"` // the commit
	Modified  bool   `json:"modified,omitempty"` // built from files that differ from it
	GoVersion string `json:"go_version"`
	Platform  string `json:"platform"`
}

func currentBuild() build {
	b := build{Version: version, Revision: revision, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.complete(info)
	}
	if b.Version == "" {
		b.Version = "unknown"
	}
	return b
}

// complete fills in from the Go tool's notes what the Makefile left open.
func (b *build) complete(info *debug.BuildInfo) {
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	if b.Revision != "" {
		return
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
}

// String is one line for a person.
func (b build) String() string {
	text := b.Version
	if b.Revision != "" {
		text += " (" + b.Revision + ")"
	}
	if b.Modified {
		text += ", modified"
	}
	return fmt.Sprintf("%s, %s, %s", text, b.GoVersion, b.Platform)
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is and what it was built with",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			b := currentBuild()
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(b)
			}
			_, err := fmt.Fprintln(command.OutOrStdout(), "gantry", b)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "as a JSON object")
	return command
}
