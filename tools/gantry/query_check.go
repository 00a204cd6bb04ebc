package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gantry/confd/client/check"
)

// errUnhealthy is returned after the report that says why.
var errUnhealthy = errors.New("the confds don't all answer alike")

// shownDifferences is how many differences are printed for people: one cause shows in many answers.
const shownDifferences = 50

func newQueryCheckCommand(a *app, o *queryOptions) *cobra.Command {
	var limit int
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "check",
		Short: "Ask all confds everything and show which answer differently",
		Long: `Asks every master candidate (or every --peer) everything: all types of query
about every node, instance, address and other object that any of them shows.
Reports those that are silent or behind, and what is answered differently. What
differs is asked again after a few seconds, so that a change on its way through
the cluster isn't reported. Secrets are left out.

Exit codes: 0 if all answered alike, else 1.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			dirs, err := a.dirs()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			c, err := o.connect(ctx, dirs)
			if err != nil {
				return err
			}
			defer c.Close()
			options := check.Options{Limit: limit}
			if len(o.peers) == 0 { // else it may be about another cluster than this node's
				options.Nodes, options.Instances = names(dirs)
			}
			peers := c.Peers()
			report, err := check.Run(ctx, c, peers, options)
			if errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("not done within %s: give a longer --timeout or a lower --limit", timeout)
			}
			if err != nil {
				return err
			}
			return (&printer{out: command.OutOrStdout()}).check(report, o.json)
		},
	}
	flags := command.Flags()
	flags.IntVar(&limit, "limit", check.DefaultLimit, "ask each peer at most `N` queries")
	flags.DurationVar(&timeout, "timeout", 10*time.Minute, "give up after this `TIME`")
	return command
}

// checkResult is what check --json prints. docs/client.md documents it.
type checkResult struct {
	Healthy     bool                `json:"healthy"`
	Queries     int                 `json:"queries"`
	LeftOut     int                 `json:"left_out"`
	Unanswered  int                 `json:"unanswered"`
	Peers       []checkedPeer       `json:"peers"`
	Differences []checkedDifference `json:"differences"`
}

type checkedPeer struct {
	Peer     netip.AddrPort `json:"peer"`
	Silent   bool           `json:"silent"`
	Answered int            `json:"answered"`
	Serial   int64          `json:"serial"`
	Behind   int64          `json:"behind"`
}

type checkedDifference struct {
	Query string        `json:"query"`
	Path  string        `json:"path"`
	Said  []checkedSaid `json:"said"`
}

type checkedSaid struct {
	Peers  []netip.AddrPort `json:"peers"`
	Value  string           `json:"value"`
	Serial int64            `json:"serial"`
}

// check prints a report and returns an error if it is about a fault.
func (p *printer) check(report *check.Report, asJSON bool) error {
	if asJSON {
		if err := p.json(newCheckResult(report)); err != nil {
			return err
		}
	} else {
		p.checkForPeople(report)
	}
	if !report.Healthy() {
		return errUnhealthy
	}
	return nil
}

func newCheckResult(report *check.Report) checkResult {
	result := checkResult{
		Healthy: report.Healthy(), Queries: report.Queries, LeftOut: report.LeftOut, Unanswered: report.Unanswered,
		Peers: []checkedPeer{}, Differences: []checkedDifference{},
	}
	for _, peer := range report.Peers {
		result.Peers = append(result.Peers, checkedPeer{peer.Addr, peer.Silent, peer.Answered, peer.Serial, peer.Behind})
	}
	for _, d := range report.Differences {
		difference := checkedDifference{Query: d.Query, Path: d.Path}
		for _, said := range d.Said {
			difference.Said = append(difference.Said, checkedSaid{said.Peers, said.Value, said.Serial})
		}
		result.Differences = append(result.Differences, difference)
	}
	return result
}

func (p *printer) checkForPeople(report *check.Report) {
	for _, peer := range report.Peers {
		fmt.Fprintf(p.out, "%s: %s\n", peer.Addr, describePeer(peer, report.Queries))
	}
	for i, d := range report.Differences {
		if i == shownDifferences {
			fmt.Fprintf(p.out, "and %s (--json lists all)\n", count(len(report.Differences)-i, "difference more", "differences more"))
			break
		}
		fmt.Fprintf(p.out, "%s%s:\n", shortened(d.Query), at(d.Path))
		for _, said := range d.Said {
			fmt.Fprintf(p.out, "  %s: %s%s\n", joinPeers(said.Peers), said.Value, ofSerial(said.Serial))
		}
	}
	fmt.Fprintf(p.out, "%s, %s", count(report.Queries, "query", "queries"), count(len(report.Differences), "difference", "differences"))
	if report.Unanswered > 0 {
		fmt.Fprintf(p.out, "; %s answered by nobody", count(report.Unanswered, "query", "queries"))
	}
	if report.LeftOut > 0 {
		fmt.Fprintf(p.out, "; %s left out by --limit", count(report.LeftOut, "query", "queries"))
	}
	fmt.Fprintln(p.out)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func describePeer(peer check.Peer, queries int) string {
	if peer.Silent {
		return "silent"
	}
	text := fmt.Sprintf("serial %d", peer.Serial)
	if peer.Behind > 0 {
		text += fmt.Sprintf(", %d behind", peer.Behind)
	}
	if peer.Answered < queries {
		text += fmt.Sprintf(", %d of %d queries answered", peer.Answered, queries)
	}
	return text
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return " at " + path
}

// ofSerial names an answer's serial; errors and silence have none.
func ofSerial(serial int64) string {
	if serial == 0 {
		return ""
	}
	return fmt.Sprintf(" (serial %d)", serial)
}

// shownQuery is how much of a query is printed, in bytes: one may list fifty addresses.
const shownQuery = 100

func shortened(query string) string {
	if len(query) <= shownQuery {
		return query
	}
	return query[:shownQuery] + "…"
}

func joinPeers(peers []netip.AddrPort) string {
	var texts []string
	for _, peer := range peers {
		texts = append(texts, peer.String())
	}
	return strings.Join(texts, ", ")
}
