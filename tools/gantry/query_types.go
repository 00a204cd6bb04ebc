package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gantry/confd/client"
	"gantry/confd/wire"
)

// queryType is a type of request as a command.
type queryType struct {
	kind      wire.Type
	use       string // the command's name and arguments
	short     string
	long      string
	min, max  int // arguments; max -1: any number
	request   func(args []string) (*client.Request, error)
	print     func(p *printer, args []string, r client.Reply) error // for people
	takesLink bool                                                  // --link
}

func queryTypes() []queryType {
	return []queryType{
		{kind: wire.ReqPing, use: "ping", short: "Ask whether confds are there, and for the version of their config's layout",
			request: constant(client.Ping), print: printVersion},
		{kind: wire.ReqNodeRole, use: "node-role NODE", short: "Print a node's role: master, candidate, offline, drained or regular",
			long: "The node is named by its name, a beginning of it up to a dot, or its UUID. Only the full name shows the role master.",
			min:  1, max: 1, request: first(client.NodeRole), print: printRole},
		{kind: wire.ReqNodePipByInstIP, use: "node-ip INSTANCE-IP...", short: "Print the primary IP of the node that an instance's IP is on",
			long: "For several IPs, a line each: the IP and the node's.", min: 1, max: -1, request: nodeIPRequest, print: printNodeIPs, takesLink: true},
		{kind: wire.ReqClusterMaster, use: "master [name|ip|node-ip]...", short: "Print the master node's name, or other facts about it",
			long: "name is the master node's, ip the cluster's address, and node-ip the master node's primary one.",
			max:  -1, request: masterRequest, print: printMaster},
		{kind: wire.ReqNodePipList, use: "node-ips", short: "List the primary IPs of all nodes", request: constant(client.NodeIPList), print: printAddresses},
		{kind: wire.ReqMCPipList, use: "candidate-ips", short: "List the primary IPs of the master candidates",
			request: constant(client.CandidateIPList), print: printAddresses},
		{kind: wire.ReqInstIPsList, use: "instance-ips", short: "List the IPs of all instances on a link",
			request: constant(client.InstanceIPList), print: printAddresses, takesLink: true},
		{kind: wire.ReqNodeDRBD, use: "drbd-minors NODE", short: "List the DRBD disks that a node takes part in", min: 1, max: 1,
			request: first(client.NodeDRBD), print: printMinors},
		{kind: wire.ReqNodeInstances, use: "node-instances NODE", short: "List the instances that a node is the primary or secondary of", min: 1, max: 1,
			request: first(client.NodeInstances), print: printInstances},
		{kind: wire.ReqInstanceDisks, use: "instance-disks INSTANCE", short: "List an instance's disks", min: 1, max: 1,
			request: first(client.InstanceDisks), print: printDisks},
		{kind: wire.ReqConfigQuery, use: "config PATH", short: "Print a part of the config",
			long: `The path leads to the part: /cluster/cluster_name, /nodes/UUID/primary_ip,
/cluster/enabled_hypervisors/0. In a name within it, ~1 stands for a slash and
~0 for a tilde. What is printed may hold secrets.`,
			min: 1, max: 1, request: first(client.ConfigValue), print: printValue},
		{kind: wire.ReqDataCollectors, use: "collectors", short: "List the data collectors of the monitoring daemon",
			request: constant(client.DataCollectors), print: printCollectors},
	}
}

func (q queryType) name() string { return strings.Fields(q.use)[0] }

func (q queryType) command(a *app, o *queryOptions) *cobra.Command {
	var link string
	command := &cobra.Command{
		Use:   q.use,
		Short: q.short,
		Long:  strings.TrimSpace(q.short + ".\n\n" + q.long),
		// The protocol's number, and the name that metrics have.
		Aliases: []string{strconv.Itoa(int(q.kind)), q.kind.String()},
		Args:    q.checkArguments,
	}
	if command.Aliases[1] == q.name() {
		command.Aliases = command.Aliases[:1]
	}
	if q.takesLink {
		command.Flags().StringVar(&link, "link", "", "on this `LINK` (default: the cluster's)")
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		request, err := q.request(args)
		if err != nil {
			return err
		}
		if command.Flags().Changed("link") {
			request.OnLink(link)
		}
		dirs, err := a.dirs()
		if err != nil {
			return err
		}
		answer, err := o.ask(command.Context(), dirs, request)
		return q.report(&printer{out: command.OutOrStdout(), warnings: command.ErrOrStderr()}, o.json, args, answer, err)
	}
	return command
}

func (q queryType) checkArguments(_ *cobra.Command, args []string) error {
	switch {
	case q.max == 0 && len(args) > 0:
		return fmt.Errorf("%s takes no arguments, not %q", q.name(), args[0])
	case len(args) < q.min:
		return fmt.Errorf("%s needs an argument: %s", q.name(), q.use)
	case q.max > 0 && len(args) > q.max:
		return fmt.Errorf("%s takes one argument, not also %q", q.name(), args[1])
	}
	return nil
}

// constant makes requests that have no argument.
func constant(request func() *client.Request) func([]string) (*client.Request, error) {
	return func([]string) (*client.Request, error) { return request(), nil }
}

// first makes requests that have one argument.
func first(request func(string) *client.Request) func([]string) (*client.Request, error) {
	return func(args []string) (*client.Request, error) { return request(args[0]), nil }
}

func nodeIPRequest(args []string) (*client.Request, error) {
	if len(args) == 1 {
		return client.NodeIP(args[0]), nil
	}
	return client.NodeIPs(args...), nil
}

var masterFields = map[string]wire.Field{"name": wire.FieldName, "ip": wire.FieldIP, "node-ip": wire.FieldMasterNodePip}

func masterRequest(args []string) (*client.Request, error) {
	var fields []wire.Field
	for _, arg := range args {
		field, known := masterFields[arg]
		if !known {
			return nil, fmt.Errorf("master knows name, ip and node-ip, not %q", arg)
		}
		fields = append(fields, field)
	}
	return client.Master(fields...), nil
}
