package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// group makes a command one that only holds others: alone it shows its help,
// and an unknown name is an error that says which one may have been meant.
func group(command *cobra.Command) *cobra.Command {
	command.Args = func(command *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknown("command", args[0], command, nearestCommand(command, args[0]))
	}
	command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
	return command
}

// noArguments refuses arguments, naming the first.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no arguments, not %q", command.Name(), args[0])
}

// explainFlagError adds to a flag's error what to do about it. The flags after a
// command's mistyped name are not to blame.
func explainFlagError(command *cobra.Command, err error) error {
	if command.HasSubCommands() && command.Flags().NArg() > 0 {
		return command.Args(command, command.Flags().Args())
	}
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) || len(missing.GetSpecifiedName()) < 2 {
		return fmt.Errorf("%w; see %s --help", err, command.CommandPath())
	}
	name := missing.GetSpecifiedName()
	return unknown("flag", "--"+name, command, nearestFlag(command, name))
}

func unknown(kind, name string, command *cobra.Command, nearest string) error {
	if nearest != "" {
		return fmt.Errorf("unknown %s %q for %s: did you mean %s?", kind, name, command.CommandPath(), nearest)
	}
	return fmt.Errorf("unknown %s %q for %s; see %s --help", kind, name, command.CommandPath(), command.CommandPath())
}

func nearestCommand(command *cobra.Command, name string) string {
	var names []string
	for _, candidate := range command.Commands() {
		if candidate.IsAvailableCommand() {
			names = append(names, candidate.Name())
		}
	}
	return nearest(name, names)
}

func nearestFlag(command *cobra.Command, name string) string {
	var names []string
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	if found := nearest(name, names); found != "" {
		return "--" + found
	}
	return ""
}

// nearest returns the candidate that a typist most likely meant: one that
// begins with what was typed, or the closest one if no more than about a third
// of it is wrong.
func nearest(typed string, candidates []string) string {
	best, distance := "", (len(typed)+2)/3+1
	for _, candidate := range candidates {
		if d := editDistance(typed, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	for _, candidate := range candidates {
		if best == "" && len(typed) > 1 && strings.HasPrefix(candidate, typed) {
			best = candidate
		}
	}
	return best
}

// editDistance counts the bytes to insert, delete or replace between two
// words (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// absolutePath is a flag whose value is a file: made absolute when it is
// given, as a detached daemon no longer has the directory that it was meant in.
type absolutePath struct{ path *string }

func (p absolutePath) String() string { return *p.path }
func (p absolutePath) Type() string   { return "string" }

func (p absolutePath) Set(text string) error {
	path, err := filepath.Abs(text)
	if err == nil {
		*p.path = path
	}
	return err
}
