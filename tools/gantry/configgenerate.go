package main

import (
	"fmt"
	"io"
	"strings"

	"gantry/confd/config"

	"github.com/spf13/cobra"
)

func newConfigGenerateCommand() *cobra.Command {
	var (
		opts   config.GenerateOptions
		output string
		family int
	)
	command := &cobra.Command{
		Use:   "generate",
		Short: "Write the config.data of an invented cluster",
		Long: `Write the config.data of an invented cluster.

The same options and seed always give the same file. It keeps every rule that
"gantry config check" knows, and Ganeti's own daemons load it. Names are
node1.example.com, instance1.example.com and so on.`,
		Example: `  gantry config generate --nodes 3 --instances 10 -o config.data
  gantry config generate --nodes 1000 --instances 100000 --groups 20 --networks 50 -o large.data
  gantry config generate --layout 2.4 | gantry config upgrade -`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			if opts.Family, err = addressFamily(family); err != nil {
				return err
			}
			opts.Networks, opts.Filters = noneIfZero(opts.Networks), noneIfZero(opts.Filters)
			if len(opts.Templates) == 0 {
				opts.Templates = nil
			}
			return writeConfig(command, output, func(w io.Writer) error { return config.Generate(w, opts) })
		},
	}
	flags := command.Flags()
	flags.IntVar(&opts.Nodes, "nodes", 3, "number of nodes")
	flags.IntVar(&opts.Instances, "instances", 10, "number of instances")
	flags.Uint64Var(&opts.Seed, "seed", 1, "another `number` gives another cluster")
	flags.IntVar(&opts.Groups, "groups", 1, "number of node groups")
	flags.IntVar(&opts.Networks, "networks", 2, "number of networks")
	flags.IntVar(&opts.Filters, "filters", 1, "number of job filter rules")
	flags.IntVar(&opts.Candidates, "candidates", 10, "size of the pool of master candidates")
	flags.IntVar(&family, "family", 4, "IP version of the nodes' primary addresses: 4 or 6")
	flags.StringVar(&opts.Layout, "layout", "3.0", "`version` of Ganeti whose layout the file has: 2.0 to 2.17, 3.0 or 3.1")
	flags.StringSliceVar(&opts.Templates, "templates", nil, "disk templates to choose from, a name as often as its weight: "+
		strings.Join(config.DiskTemplates(), ", ")+" (default a mix)")
	flags.BoolVar(&opts.NonASCII, "non-ascii", false, "with tags and parameters outside ASCII")
	flags.BoolVar(&opts.Forthcoming, "forthcoming", false, "with instances that are reservations only")
	flags.BoolVar(&opts.Python, "python", false, "spaced as Ganeti's Python code writes it")
	flags.BoolVar(&opts.Quirks, "quirks", false, "odd in every way that Ganeti puts up with; breaks rules of \"check\"")
	flags.StringVarP(&output, "output", "o", "-", "`file` to write")
	return command
}

// addressFamily translates an IP version into the number that config.data uses, which is taken as well.
func addressFamily(version int) (int, error) {
	switch version {
	case 4, config.FamilyIPv4:
		return config.FamilyIPv4, nil
	case 6, config.FamilyIPv6:
		return config.FamilyIPv6, nil
	}
	return 0, fmt.Errorf("--family %d: must be 4 or 6", version)
}

// noneIfZero says in the options' terms that there shall be none.
func noneIfZero(n int) int {
	if n == 0 {
		return -1
	}
	return n
}
