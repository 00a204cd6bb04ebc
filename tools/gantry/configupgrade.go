package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gantry/confd/config"

	"github.com/spf13/cobra"
)

func newConfigUpgradeCommand() *cobra.Command {
	var (
		output          string
		inPlace, dryRun bool
	)
	command := &cobra.Command{
		Use:   "upgrade FILE",
		Short: "Turn a config.data file of any layout into one of layout 3.0",
		Long: `Turn a config.data file of any layout from 2.0 to 3.1 into one of layout 3.0, as
Ganeti's daemons write it. UUIDs that an old layout lacks are made from names:
the same file always gives the same result.

Only config.data changes. Stop the daemons before you upgrade a cluster's own.`,
		Example: `  gantry config upgrade old.data -o new.data
  gantry config upgrade --dry-run /var/lib/ganeti/config.data`,
		Args: fileArgument(),
		RunE: func(command *cobra.Command, args []string) error {
			name := args[0]
			switch {
			case inPlace && output != "-":
				return errors.New("--in-place and --output exclude each other")
			case inPlace && name == "-":
				return errors.New("standard input can't be upgraded --in-place")
			case inPlace:
				output = name
			}
			return upgradeConfig(command, name, output, dryRun)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "-", "`file` to write")
	command.Flags().BoolVar(&inPlace, "in-place", false, "replace FILE; a copy of the old one is kept beside it")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing, say what would be done")
	return command
}

func upgradeConfig(command *cobra.Command, name, output string, dryRun bool) error {
	old, err := readConfig(command, name)
	if err != nil {
		return err
	}
	current, err := config.Upgrade(old)
	if err != nil {
		return nameError(name, err)
	}
	report, err := config.Validate(bytes.NewReader(current))
	if err != nil {
		return nameError(name, err)
	}
	inPlace := output == name && name != "-"
	switch {
	case dryRun:
		_, err := fmt.Fprintf(command.OutOrStdout(), "%s: %s%s\n", inputName(name), outcome(old, current), found(report))
		return err
	case inPlace && bytes.Equal(old, current):
		_, err := fmt.Fprintf(command.ErrOrStderr(), "%s: %s%s\n", name, outcome(old, current), found(report))
		return err
	}
	backup := ""
	if inPlace {
		if backup, err = keepCopy(name, old); err != nil {
			return fmt.Errorf("keep a copy of %s: %w", name, err)
		}
		backup = "; the old file is " + backup
	}
	if err := writeConfig(command, output, func(w io.Writer) error {
		_, err := w.Write(current)
		return err
	}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(command.ErrOrStderr(), "%s: %s%s%s\n", inputName(name), outcome(old, current), found(report), backup)
	return err
}

// outcome says what the upgrade of a file does.
func outcome(old, current []byte) string {
	if bytes.Equal(old, current) {
		return "current already, nothing changes"
	}
	return fmt.Sprintf("%s upgraded to %s", versionOf(old), versionOf(current))
}

// found says how many problems the upgraded file has.
func found(r *config.Report) string {
	errors := countErrors(r)
	warnings := len(r.Problems) - errors
	switch {
	case errors > 0:
		return fmt.Sprintf("; it has %s and %s, see gantry config check", countOf(errors, "error"), countOf(warnings, "warning"))
	case warnings > 0:
		return fmt.Sprintf("; it has %s, see gantry config check", countOf(warnings, "warning"))
	}
	return ""
}

// keepCopy writes a backup beside the file, named as the reference's, readable for its owner only.
func keepCopy(name string, text []byte) (string, error) {
	pattern := filepath.Base(name) + ".backup-" + time.Now().Format("2006-01-02_15_04_05") + ".*"
	f, err := os.CreateTemp(filepath.Dir(name), pattern)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
