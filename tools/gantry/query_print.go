package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"

	"gantry/confd/client"
	"gantry/confd/wire"
)

// printer writes answers for people.
type printer struct {
	out, warnings io.Writer
}

// queryResult is what --json prints. docs/client.md documents it.
type queryResult struct {
	Type       string          `json:"type"`
	Number     wire.Type       `json:"number"`
	Arguments  []string        `json:"arguments"`
	Status     *wire.Status    `json:"status"` // null, like all down to Server, if nobody answered
	Answer     json.RawMessage `json:"answer"`
	Serial     *int64          `json:"serial"`
	Server     *netip.AddrPort `json:"server"`
	Asked      int             `json:"asked"`
	Answered   int             `json:"answered"`
	Consistent bool            `json:"consistent"`
	Error      string          `json:"error,omitempty"`
}

// report prints the outcome of a query and returns what makes it a failure. err is why there is no answer, or none to rely on.
func (q queryType) report(p *printer, asJSON bool, args []string, answer client.Answer, err error) error {
	if err == nil {
		if status := answer.Err(); status != nil {
			err = fmt.Errorf("%s: %w", strings.Join(append([]string{q.name()}, args...), " "), status)
		}
	}
	if asJSON {
		if writeErr := p.result(q, args, answer, err); writeErr != nil {
			return writeErr
		}
	} else if answer.Answered > 0 && answer.Err() == nil {
		if printErr := q.print(p, args, answer.Reply); err == nil {
			err = printErr
		}
	}
	if answer.Answered > 0 && !answer.Consistent {
		fmt.Fprintf(p.warnings, "warning: peers contradict each other at serial %d; gantry query check tells more\n", answer.Serial)
	}
	return err
}

func (p *printer) result(q queryType, args []string, answer client.Answer, err error) error {
	result := queryResult{
		Type: q.name(), Number: q.kind, Arguments: append([]string{}, args...), Asked: answer.Asked, Answered: answer.Answered, Consistent: answer.Consistent,
	}
	if answer.Answered > 0 {
		result.Status, result.Answer, result.Serial, result.Server = &answer.Status, answer.Answer, &answer.Serial, &answer.Server
	}
	if err != nil {
		result.Error = oneLine(err)
	}
	return p.json(result)
}

func (p *printer) json(value any) error {
	encoder := json.NewEncoder(p.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func (p *printer) lines(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(p.out, line)
	}
}

// table prints rows in columns, the first being their headings.
func (p *printer) table(rows [][]any) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, cell)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

func printVersion(p *printer, _ []string, r client.Reply) error {
	version, err := r.Version()
	if err == nil {
		fmt.Fprintf(p.out, "%d.%d\n", version/1000000, version/10000%100)
	}
	return err
}

var roleNames = map[wire.Role]string{
	wire.RoleMaster: "master", wire.RoleCandidate: "candidate", wire.RoleOffline: "offline", wire.RoleDrained: "drained", wire.RoleRegular: "regular",
}

func printRole(p *printer, _ []string, r client.Reply) error {
	role, err := r.Role()
	if err == nil {
		fmt.Fprintln(p.out, roleNames[role])
	}
	return err
}

func printNodeIPs(p *printer, args []string, r client.Reply) error {
	if len(args) == 1 {
		ip, err := r.NodeIP()
		if err == nil {
			fmt.Fprintln(p.out, ip)
		}
		return err
	}
	results, err := r.NodeIPs()
	if err != nil {
		return err
	}
	if len(results) != len(args) {
		return fmt.Errorf("%w: %d entries for %d addresses", client.ErrUnexpectedAnswer, len(results), len(args))
	}
	rows, failed := [][]any{}, 0
	for i, result := range results {
		if result.Err != nil {
			failed++
			rows = append(rows, []any{args[i], "- (" + oneLine(result.Err) + ")"})
			continue
		}
		rows = append(rows, []any{args[i], result.IP})
	}
	if err := p.table(rows); err != nil || failed == 0 {
		return err
	}
	return fmt.Errorf("%d of %d addresses weren't found", failed, len(args))
}

func printMaster(p *printer, args []string, r client.Reply) error {
	if len(args) > 0 {
		fields, err := r.MasterFields()
		p.lines(fields)
		return err
	}
	name, err := r.Master()
	if err == nil {
		fmt.Fprintln(p.out, name)
	}
	return err
}

func printAddresses(p *printer, _ []string, r client.Reply) error {
	addresses, err := r.Addresses()
	p.lines(addresses)
	return err
}

func printMinors(p *printer, _ []string, r client.Reply) error {
	minors, err := r.DRBDMinors()
	if err != nil {
		return err
	}
	rows := [][]any{{"MINOR", "INSTANCE", "DISK", "ROLE", "NODE", "PEER"}}
	for _, m := range minors {
		rows = append(rows, []any{m.Minor, m.Instance, m.Disk, m.Role, m.Node, m.Peer})
	}
	return p.table(rows)
}

func printInstances(p *printer, _ []string, r client.Reply) error {
	primary, secondary, err := r.Instances()
	if err != nil {
		return err
	}
	rows := [][]any{{"INSTANCE", "NODE IS", "STATE", "UUID"}}
	for i, text := range slices.Concat(primary, secondary) {
		var instance struct {
			Name  string `json:"name"`
			State string `json:"admin_state"`
			UUID  string `json:"uuid"`
		}
		if err := json.Unmarshal(text, &instance); err != nil {
			return fmt.Errorf("%w: instance %d: %w", client.ErrUnexpectedAnswer, i, err)
		}
		role := "primary"
		if i >= len(primary) {
			role = "secondary"
		}
		rows = append(rows, []any{instance.Name, role, instance.State, instance.UUID})
	}
	return p.table(rows)
}

func printDisks(p *printer, _ []string, r client.Reply) error {
	disks, err := r.Disks()
	if err != nil {
		return err
	}
	rows := [][]any{{"DISK", "TYPE", "SIZE (MiB)", "MODE", "UUID"}}
	for i, text := range disks {
		var disk struct {
			Name string      `json:"iv_name"`
			Type string      `json:"dev_type"`
			Size json.Number `json:"size"`
			Mode string      `json:"mode"`
			UUID string      `json:"uuid"`
		}
		if err := json.Unmarshal(text, &disk); err != nil {
			return fmt.Errorf("%w: disk %d: %w", client.ErrUnexpectedAnswer, i, err)
		}
		rows = append(rows, []any{disk.Name, disk.Type, disk.Size, disk.Mode, disk.UUID})
	}
	return p.table(rows)
}

// printValue prints a text as it is, and other values as indented JSON.
func printValue(p *printer, _ []string, r client.Reply) error {
	value, err := r.Value()
	if err != nil {
		return err
	}
	var text *string
	if json.Unmarshal(value, &text) == nil && text != nil {
		fmt.Fprintln(p.out, *text)
		return nil
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, value, "", "  "); err != nil {
		return fmt.Errorf("%w: %w", client.ErrUnexpectedAnswer, err)
	}
	fmt.Fprintln(p.out, &indented)
	return nil
}

func printCollectors(p *printer, _ []string, r client.Reply) error {
	collectors, err := r.Collectors()
	if err != nil {
		return err
	}
	rows := [][]any{{"COLLECTOR", "ACTIVE", "INTERVAL"}}
	var names []string
	for name := range collectors {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		rows = append(rows, []any{name, collectors[name].Active, collectors[name].Interval})
	}
	return p.table(rows)
}
