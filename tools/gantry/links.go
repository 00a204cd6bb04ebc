package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// daemonCommand returns what makes the command of one of Ganeti's daemons, and
// whether name is one's at all. Nil is a daemon whose job Gantry doesn't do.
func daemonCommand(name string) (construct func(*app) *cobra.Command, known bool) {
	switch name {
	case "ganeti-confd":
		return newConfdCommand, true
	case "ganeti-noded", "ganeti-masterd", "ganeti-luxid":
		return nil, true
	}
	return nil, false
}

// newLinkCommand returns the daemon that the binary is when it is called by
// name, nil if that is no daemon's.
func newLinkCommand(name string) *cobra.Command {
	construct, known := daemonCommand(name)
	switch {
	case !known:
		return nil
	case construct == nil:
		return absentDaemon(name)
	}
	a := &app{}
	command := construct(a)
	command.Use = name
	command.Version = currentBuild().String()
	a.setUp(command)
	return command
}

// absentDaemon says plainly what can't be had, whatever flags were given.
func absentDaemon(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("this build of gantry has no such daemon; use Ganeti's own")
		},
	}
}
