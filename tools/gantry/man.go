package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manSection is the section of all our pages: commands for users.
const manSection = "1"

func newManCommand() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "man [COMMAND]...",
		Short: "Write the manual page of a command, or all of them",
		Long: `Without --output, the page of the command goes to standard output:

  gantry man confd | man -l -

With it, the pages of all commands are written into a directory.`,
		RunE: func(command *cobra.Command, args []string) error {
			if output != "" {
				if err := noArguments(command, args); err != nil {
					return err
				}
				return writeManTree(command.Root(), output)
			}
			return writeManPage(command, args)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "write all pages into `DIR`, which is made if it is missing")
	return command
}

func writeManPage(command *cobra.Command, args []string) error {
	root := command.Root()
	found, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return unknown("command", rest[0], found, nearestCommand(found, rest[0]))
	}
	return doc.GenMan(found, manHeader(), command.OutOrStdout())
}

func writeManTree(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("manual pages: %w", err)
	}
	if err := doc.GenManTree(root, manHeader(), dir); err != nil {
		return fmt.Errorf("manual pages in %s: %w", dir, err)
	}
	return nil
}

func manHeader() *doc.GenManHeader {
	return &doc.GenManHeader{Section: manSection, Source: "gantry " + currentBuild().Version, Manual: "Gantry"}
}
