package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"gantry/confd/config"

	"github.com/spf13/cobra"
)

func newConfigCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Say what is wrong with a config.data file",
		Long: `Say what is wrong with a config.data file, one problem a line: whether it is an
error or a warning, the object, and the rule. Errors are what Ganeti's own
verification finds and what its daemons never write; warnings are what is only
odd, such as members that this version of Ganeti doesn't know.

Any layout from 2.0 to 3.1 is read; an old one is checked as upgraded. The last
line sums up. The exit code is 1 if there is an error, or the file can't be read.`,
		Args: fileArgument(),
		RunE: func(command *cobra.Command, args []string) error { return checkConfig(command, args[0]) },
	}
}

func checkConfig(command *cobra.Command, name string) error {
	var report *config.Report
	old, err := walkConfig(command, name, func(r io.Reader) (err error) {
		report, err = config.Validate(r)
		return err
	})
	if err != nil {
		return err
	}
	out := command.OutOrStdout()
	for _, p := range report.Problems {
		if _, err := fmt.Fprintln(out, p); err != nil {
			return err
		}
	}
	errors := countErrors(report)
	warnings := len(report.Problems) - errors
	if mode, open := worldReadable(name); open {
		warnings++
		if _, err := fmt.Fprintf(out, "warning: file %s: its mode is %04o, but it holds secrets: nobody outside its group should read it\n", name, mode); err != nil {
			return err
		}
	}
	if errors > 0 {
		return fmt.Errorf("%s: %s", inputName(name), countOf(errors, "error"))
	}
	_, err = fmt.Fprintf(out, "%s: %s\n", inputName(name), summary(report, old, warnings))
	return err
}

func countErrors(r *config.Report) (n int) {
	for _, p := range r.Problems {
		if p.Severity == config.SeverityError {
			n++
		}
	}
	return n
}

// worldReadable tells whether everybody may read a file.
func worldReadable(name string) (mode os.FileMode, open bool) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Mode().Perm(), info.Mode().Perm()&worldBits != 0
}

// summary is one line on a file without errors.
func summary(r *config.Report, old config.Layout, warnings int) string {
	version, layout := config.Layout(r.Version), "current layout"
	if old != 0 {
		version, layout = old, "old layout, checked as upgraded"
	}
	counts := []string{}
	for _, of := range []struct {
		kind config.Kind
		name string
	}{
		{config.KindNode, "node"}, {config.KindGroup, "group"}, {config.KindInstance, "instance"}, {config.KindNetwork, "network"},
		{config.KindDisk, "disk"}, {config.KindFilter, "filter"},
	} {
		counts = append(counts, countOf(r.Objects[of.kind], of.name))
	}
	found := "no problems"
	if warnings > 0 {
		found = countOf(warnings, "warning")
	}
	return fmt.Sprintf("version %s, %s, serial %d; %s; %s", version, layout, r.SerialNo, strings.Join(counts, ", "), found)
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
