package main

import (
	"os"
	"path/filepath"

	"gantry/confd/paths"

	"github.com/spf13/cobra"
)

// An app is what the commands of one run share.
type app struct {
	root string // --root as given
}

// dirs returns the directories that --root or the environment asks for. It is
// called when a command runs, not when it is built: flags are parsed by then.
func (a *app) dirs() (paths.Dirs, error) { return paths.FromEnvironment(a.root, os.Getenv) }

// commands are gantry's commands, in the order of its help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		newBenchCommand(),
		newConfdCommand(a),
		newConfigCommand(),
		newDemoCommand(),
		newEchoCommand(),
		newLoadCommand(a),
		newManCommand(),
		newMetricsPageCommand(),
		newQueryCommand(a),
		newReplayCommand(a),
		newVersionCommand(),
	}
}

// commandFor returns the command that the arguments call, and those of its
// own. Called by the name of one of Ganeti's daemons, the binary is that
// daemon; else it is gantry.
func commandFor(args []string) (*cobra.Command, []string) {
	if len(args) == 0 {
		return newRootCommand(), nil
	}
	if daemon := newLinkCommand(filepath.Base(args[0])); daemon != nil {
		return daemon, args[1:]
	}
	return newRootCommand(), args[1:]
}

func newRootCommand() *cobra.Command {
	a := &app{}
	root := group(&cobra.Command{
		Use:   "gantry",
		Short: "Ganeti's configuration plane in one binary",
		Long: `Gantry answers the queries that Ganeti's tools and daemons ask about a cluster.

It is a drop-in: unmodified clients work against it, on the same ports, with
the same files, users and logs.`,
		Version: currentBuild().String(),
	})
	a.setUp(root)
	root.AddCommand(a.commands()...)
	return root
}

// setUp gives a command that main may run the flags and manners of all.
func (a *app) setUp(command *cobra.Command) {
	command.PersistentFlags().StringVar(&a.root, "root", "", "put every path under `DIR`, as "+paths.RootEnv+" does; its last component is the node's name")
	command.SilenceErrors = true
	command.SilenceUsage = true
	command.SetVersionTemplate("{{.Name}} (gantry) {{.Version}}\n")
	command.SetFlagErrorFunc(explainFlagError)
}
