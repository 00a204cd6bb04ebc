package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"gantry/confd/config"

	"github.com/spf13/cobra"
)

func newConfigShowCommand() *cobra.Command {
	var indent bool
	command := &cobra.Command{
		Use:   "show FILE [PATH]",
		Short: "Print a value out of a config.data file",
		Long: `Print a value out of a config.data file, as confd would answer a query for it:
every default filled in, members in their order, tags sorted. PATH is a JSON
pointer such as /cluster/tags/0. Without PATH it prints the whole file.

The exit code is 1 if PATH leads nowhere.`,
		Example: `  gantry config show config.data /cluster/cluster_name
  gantry config show --indent config.data /nodes`,
		Args: fileArgument("PATH"),
		RunE: func(command *cobra.Command, args []string) error {
			pointer := ""
			if len(args) > 1 {
				pointer = args[1]
			}
			return showConfig(command, args[0], pointer, indent)
		},
	}
	command.Flags().BoolVar(&indent, "indent", false, "one member a line")
	return command
}

func showConfig(command *cobra.Command, name, pointer string, indent bool) error {
	var doc *config.Document
	if _, err := walkConfig(command, name, func(r io.Reader) (err error) {
		doc, err = config.Read(r)
		return err
	}); err != nil {
		return err
	}
	value := doc.Append(nil)
	if pointer != "" {
		if value = config.Evaluate(value, []byte(pointer)); value == nil {
			return fmt.Errorf("%s: %s", inputName(name), nothingAt(pointer))
		}
	}
	if indent {
		var lines bytes.Buffer
		if err := json.Indent(&lines, value, "", "  "); err != nil {
			return err
		}
		value = lines.Bytes()
	}
	_, err := fmt.Fprintf(command.OutOrStdout(), "%s\n", value)
	return err
}

// nothingAt says why a pointer found nothing, if that can be seen from it.
func nothingAt(pointer string) string {
	if pointer[0] != '/' {
		return fmt.Sprintf("no value at %q: a path begins with a slash, as in /cluster/cluster_name", pointer)
	}
	return fmt.Sprintf("no value at %q", pointer)
}
