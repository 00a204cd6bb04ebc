package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// usualInstances is the size of a usual large cluster, with which others are
// compared.
const usualInstances = 1_000

// sized is a server of a config of some size.
type sized struct {
	*server
	instances int
	theirs    bool // the reference
}

// size compares servers of growing configs. Ours are asked in turn, then the
// reference: at the largest size it is thousands of times slower, and turns would
// only let the others wait.
func size(ctx context.Context, l *Lab) (*Report, error) {
	sizes := []int{100, usualInstances, 10_000, 100_000}
	if l.Quick {
		sizes = []int{usualInstances, 10_000}
	}
	ours, err := l.sizes(ctx, sizes, false)
	if err != nil {
		return nil, err
	}
	outcomes, err := l.contestOfSizes(ctx, ours)
	if err != nil {
		return nil, err
	}
	report := &Report{Tables: []Table{contestTable(outcomes)}, Plots: []Plot{{
		Title: "Answers a second by size of the config", X: "instances", Y: "answers a second", LogX: true, LogY: true,
		Lines: []Line{rates("gantry", ours, outcomes)},
	}}}
	largest, usual := len(sizes)-1, slices.Index(sizes, usualInstances)
	report.Goals = append(report.Goals, Goal{
		What: fmt.Sprintf("answers a second at %d instances, of those at %d", sizes[largest], sizes[usual]),
		Got:  outcomes[largest].rate.over(outcomes[usual].rate).median(), Want: 0.9,
	})
	theirs, err := l.sizes(ctx, sizes, true)
	if err != nil {
		note, err := without(err)
		report.Notes = append(report.Notes, note)
		return report, err
	}
	slow, err := l.contestOfSizes(ctx, theirs)
	if err != nil {
		return nil, err
	}
	report.Tables = append(report.Tables, contestTable(slow))
	report.Plots[0].Lines = append(report.Plots[0].Lines, rates(ganetiConfdPeer.name, theirs, slow))
	table := Table{Header: []string{"instances", "gantry answers so many times as much", "s from start to answer, gantry", ganetiConfdPeer.name, "VmHWM, MB, gantry", ganetiConfdPeer.name}}
	for i := range sizes {
		row, err := besides(&ours[i], &theirs[i], outcomes[i].rate.median()/slow[i].rate.median())
		if err != nil {
			return nil, err
		}
		table.Rows = append(table.Rows, row)
	}
	report.Tables = append(report.Tables, table)
	report.Notes = append(report.Notes, fmt.Sprintf("The last table's rates were measured one server after the other, not in turns, and starting and memory once. Runs of %s at %d instances take %v.", ganetiConfdPeer.name, slowInstances, max(slowLength, l.length)))
	return report, nil
}

// besides is a row of ours and theirs at one size.
func besides(ours, theirs *sized, times float64) ([]string, error) {
	row := []string{fmt.Sprint(ours.instances), fmt.Sprintf("%.3g", times)}
	for _, s := range []*sized{ours, theirs} {
		row = append(row, fmt.Sprintf("%.2f", s.started.Seconds()))
	}
	for _, s := range []*sized{ours, theirs} {
		peak, err := s.peakMemory()
		if err != nil {
			return nil, err
		}
		row = append(row, fmt.Sprintf("%.0f", float64(peak)/1e6))
	}
	return row, nil
}

// sizes starts a server for each size.
func (l *Lab) sizes(ctx context.Context, sizes []int, theirs bool) (servers []sized, err error) {
	for _, n := range sizes {
		config, err := l.config(ctx, n)
		if err != nil {
			return nil, err
		}
		var s *server
		if theirs {
			s, err = l.ganetiConfd(ctx, config)
		} else {
			s, err = l.confd(ctx, "confd", config, confdOptions{})
		}
		if err != nil {
			return nil, err
		}
		l.logf("  %s at %d instances: answers after %.1f s", s.name, n, s.started.Seconds())
		servers = append(servers, sized{s, n, theirs})
	}
	return servers, nil
}

// The reference at its larger sizes: with four requests under way, an answer takes
// a fifth of a second and more, so that a run has to be longer, and the first
// answers take longer still, as it puts off work until somebody asks.
const (
	slowInstances = 100_000
	slowLength    = 3 * time.Second
	slowTimeout   = 10 * time.Second
)

// contestOfSizes runs servers in turn, each asked about its own config.
func (l *Lab) contestOfSizes(ctx context.Context, servers []sized) ([]outcome, error) {
	var contenders []contender
	for i := range servers {
		s := &servers[i]
		c := contender{server: s.server, as: fmt.Sprintf("%s, %d instances", s.name, s.instances), names: s.server.config}
		if s.theirs {
			c.load = []string{"--outstanding", "4", "--ahead", "20000", "--timeout", slowTimeout.String()}
			if s.instances >= slowInstances {
				c.load = append(c.load, "--duration", max(slowLength, l.length).String())
			}
			if err := l.measure(ctx, &c, new(outcome), ""); err != nil { // unmeasured, to wake it up
				return nil, err
			}
		}
		contenders = append(contenders, c)
	}
	return l.contest(ctx, "", contenders...)
}

// rates are the outcomes by size, drawn.
func rates(name string, servers []sized, outcomes []outcome) Line {
	line := Line{Name: name}
	for i := range outcomes {
		line.Points = append(line.Points, outcomes[i].rate.at(float64(servers[i].instances)))
	}
	return line
}
