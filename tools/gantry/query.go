package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"gantry/confd/client"
	"gantry/confd/paths"
	"gantry/confd/ssconf"
)

// queryOptions are the flags of all queries.
type queryOptions struct {
	peers    []string
	keyFile  string
	coverage int
	timeout  time.Duration
	json     bool
}

func newQueryCommand(a *app) *cobra.Command {
	var o queryOptions
	command := group(&cobra.Command{
		Use:   "query",
		Short: "Ask confds and print the answer",
		Long: `Asks confds about the cluster and prints the answer.

On a node, the master candidates are asked, with the cluster's key; elsewhere,
say whom to ask and where the key is. Unless --coverage says otherwise, up to
six peers are asked and the newest of their answers is printed; peers that are
silent are asked again, and others in their place.

Exit codes: 0 answered; 1 if the answer is an error (an unknown name, say), or
if there is none.`,
		Example: `  gantry query node-role node1.example.com
  gantry query node-ip 198.51.100.10 198.51.100.11
  gantry query config /cluster/cluster_name --peer 192.0.2.1 --key ./hmac.key
  gantry query check`,
	})
	flags := command.PersistentFlags()
	flags.StringArrayVar(&o.peers, "peer", nil, "ask this `ADDR[:PORT]`; may be given more than once (default: the master candidates)")
	flags.Var(absolutePath{&o.keyFile}, "key", "sign and verify with the key in `FILE` (default: the node's hmac.key)")
	flags.IntVar(&o.coverage, "coverage", client.CoverageDefault, "ask `N` peers, -1 all, and insist on most of them (default: up to six, and take what there is)")
	flags.DurationVar(&o.timeout, "timeout", client.ExpireTimeout, "give up after this `TIME`")
	flags.BoolVar(&o.json, "json", false, "print JSON: the answer with all about it")
	for _, q := range queryTypes() {
		command.AddCommand(q.command(a, &o))
	}
	command.AddCommand(newQueryCheckCommand(a, &o))
	return command
}

// connect returns a client for whom the flags name. It reads the node's files only for what they leave open.
func (o *queryOptions) connect(ctx context.Context, dirs paths.Dirs) (*client.Client, error) {
	cfg := client.Config{}
	if o.keyFile != "" {
		key, err := client.ReadKey(o.keyFile)
		if err != nil {
			return nil, err
		}
		cfg.Key = key
	}
	if len(o.peers) > 0 {
		peers, err := o.parsePeers(ctx)
		if err != nil {
			return nil, err
		}
		cfg.Peers = peers
	}
	c, err := client.ForNode(ctx, dirs, cfg)
	if err != nil {
		return nil, o.explain(err)
	}
	return c, nil
}

func (o *queryOptions) parsePeers(ctx context.Context) (client.StaticPeers, error) {
	port := client.ServicePort(ctx)
	var peers client.StaticPeers
	for _, text := range o.peers {
		peer, err := client.ParsePeer(text, port)
		if err != nil {
			return nil, fmt.Errorf("--peer: %w", err)
		}
		peers = append(peers, peer)
	}
	return peers, nil
}

// explain says what to do where a node's files are missing.
func (o *queryOptions) explain(err error) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case o.keyFile == "" && len(o.peers) == 0:
		return fmt.Errorf("%w (not on a node of a cluster, give --peer and --key)", err)
	case o.keyFile == "":
		return fmt.Errorf("%w (give --key)", err)
	case len(o.peers) == 0:
		return fmt.Errorf("%w (give --peer)", err)
	}
	return err
}

// names returns the nodes' and instances' names that the node's files list. Elsewhere there are none.
func names(dirs paths.Dirs) (nodes, instances []string) {
	store := ssconf.Open(dirs.Data)
	nodes, _ = store.Lines(ssconf.NodeList)
	instances, _ = store.Lines(ssconf.InstanceList)
	return nodes, instances
}

// ask asks one question and returns the outcome. The error says why there is no answer, or too few to be sure.
func (o *queryOptions) ask(ctx context.Context, dirs paths.Dirs, request *client.Request) (client.Answer, error) {
	c, err := o.connect(ctx, dirs)
	if err != nil {
		return client.Answer{}, err
	}
	defer c.Close()
	if o.timeout <= 0 {
		return client.Answer{}, fmt.Errorf("--timeout %s: has to be positive", o.timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	answer, err := c.Query(ctx, request, o.coverage)
	var short *client.CoverageError
	if errors.As(err, &short) {
		return answer, o.short(short, c.Peers())
	}
	return answer, err
}

// short is nil where the answers there are will do, though the library would have had more.
func (o *queryOptions) short(e *client.CoverageError, peers []netip.AddrPort) error {
	switch {
	case e.Answered == 0 && len(peers) == 1:
		return fmt.Errorf("no answer from %s within %s: does a confd run there, with this key and a clock like ours?", peers[0], o.timeout)
	case e.Answered == 0:
		return fmt.Errorf("%w within %s: do confds run there, with this key and a clock like ours?", e, o.timeout)
	case o.coverage == client.CoverageDefault:
		return nil
	}
	return fmt.Errorf("%w within %s", e, o.timeout)
}
