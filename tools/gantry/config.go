package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"gantry/confd/config"

	"github.com/spf13/cobra"
)

// newConfigCommand returns the commands for config.data files. They need no cluster and no daemon.
func newConfigCommand() *cobra.Command {
	command := group(&cobra.Command{
		Use:   "config",
		Short: "Make, check, show and upgrade config.data files",
		Long: `Make, check, show and upgrade config.data files.

A FILE of - is standard input or output. Files that these commands write have
mode 0640 and are replaced at once or not at all: a reader sees the old file or
the new one.`,
	})
	command.AddCommand(newConfigGenerateCommand(), newConfigCheckCommand(), newConfigShowCommand(), newConfigUpgradeCommand())
	return command
}

// fileArgument asks for a FILE, and for no more than the other arguments named.
func fileArgument(others ...string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("which file? use %s FILE, with - for standard input", command.CommandPath())
		case len(args) > 1+len(others):
			return fmt.Errorf("unexpected argument %q; see %s --help", args[1+len(others)], command.CommandPath())
		}
		return nil
	}
}

// readConfig returns the bytes of a file, or of standard input.
func readConfig(command *cobra.Command, name string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name)
	}
	text, err := io.ReadAll(command.InOrStdin())
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	return text, nil
}

// inputName is what messages call a file.
func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return name
}

// walkConfig calls read with a file of the current layout: with the file itself, or if it has an older layout with what it is upgraded
// to. Only then the file is held in memory, and the version that it had is returned.
func walkConfig(command *cobra.Command, name string, read func(r io.Reader) error) (old config.Layout, err error) {
	var text []byte
	if name == "-" {
		if text, err = readConfig(command, name); err != nil {
			return 0, err
		}
		err = read(bytes.NewReader(text))
	} else {
		err = readFrom(name, read)
	}
	if !errors.Is(err, config.ErrOldLayout) {
		return 0, nameError(name, err)
	}
	if text == nil {
		if text, err = readConfig(command, name); err != nil {
			return 0, err
		}
	}
	current, err := config.Upgrade(text)
	if err != nil {
		return 0, nameError(name, err)
	}
	return versionOf(text), nameError(name, read(bytes.NewReader(current)))
}

// versionOf returns the version of a file that was read without an error.
func versionOf(text []byte) config.Layout {
	var top struct {
		Version float64 `json:"version"`
	}
	if err := json.Unmarshal(text, &top); err != nil {
		return 0
	}
	return config.Layout(top.Version)
}

func readFrom(name string, read func(r io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(f)
}

// nameError says which file an error is about, unless the error says it.
func nameError(name string, err error) error {
	var named *os.PathError
	if err == nil || errors.As(err, &named) {
		return err
	}
	return fmt.Errorf("%s: %w", inputName(name), err)
}
