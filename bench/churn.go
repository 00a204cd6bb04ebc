package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The config that changes, and how often it does: as often as it is read again.
const (
	churnInstances = 10_000
	churnPause     = time.Second
)

// churn compares the latency at half the peak with and without reloads.
func churn(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, churnInstances)
	if err != nil {
		return nil, err
	}
	versions, err := l.versions(config)
	if err != nil {
		return nil, err
	}
	s, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return nil, err
	}
	peak, err := l.peakOf(ctx, s, config)
	if err != nil {
		return nil, err
	}
	kinds := []struct {
		name    string
		changes *pair // nil: none
	}{{"no reloads", nil}, {"a job's change each second", &versions.few}, {"every object changed each second", &versions.all}}
	if l.Quick {
		kinds = kinds[:2]
	}
	loads, changes := make([]paced, len(kinds)), make([]int, len(kinds))
	for run := range l.Runs {
		for i, kind := range kinds {
			n, err := l.changing(ctx, s, kind.changes, func() error { return l.pace(ctx, s, config, peak/2, &loads[i]) })
			if err != nil {
				return nil, err
			}
			changes[i] += n
			l.logf("  run %d of %d, %s: %s", run+1, l.Runs, kind.name, loads[i].last())
		}
	}
	report := &Report{Tables: []Table{{Header: append([]string{"config", "reloads"}, append(pacedHeader, "p99.9 of that without reloads, pair by pair")...)}}}
	drawing := Plot{Title: "p99.9 at half the peak", Y: "µs", Lines: []Line{{}}}
	for i, kind := range kinds {
		p := &loads[i]
		row := append([]string{kind.name, fmt.Sprint(changes[i])}, p.row()...)
		report.Tables[0].Rows = append(report.Tables[0].Rows, append(row, p.p999.over(loads[0].p999).text("%.3g")))
		drawing.Names = append(drawing.Names, kind.name)
		drawing.Lines[0].Points = append(drawing.Lines[0].Points, p.p999.at(float64(i)))
	}
	report.Plots = []Plot{drawing}
	report.Notes = []string{"The server has one core for queries and builder. p99.9 without reloads is " + loads[0].p999.text("%.0f") +
		" µs, with a job's change each second " + loads[1].p999.text("%.0f") + " µs. Reloads are those that were answered from."}
	report.Goals = []Goal{
		{What: "p99.9 with a job's change each second, of that without", Got: loads[1].p999.over(loads[0].p999).median(), Want: 2, AtMost: true},
		{What: "requests lost with a job's change each second", Got: loads[1].lost, Want: 0, AtMost: true},
	}
	return report, nil
}

// changing replaces a server's config again and again until f returns, and returns
// how many of the changes it saw answered.
func (l *Lab) changing(ctx context.Context, s *server, versions *pair, f func() error) (changes int, err error) {
	if versions == nil {
		return 0, f()
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- onCore(generatorCore, func() error {
			// The first is some time into the run, whose start takes a while.
			for next := time.Now().Add(churnPause / 2); pause(ctx, time.Until(next)) == nil; next = next.Add(churnPause) {
				if _, err := l.change(ctx, s, *versions); err != nil {
					if errors.Is(err, context.Canceled) {
						return nil
					}
					return err
				}
				changes++
			}
			return nil
		})
	}()
	err = f()
	cancel()
	if changeErr := <-ended; err == nil {
		err = changeErr
	}
	return changes, err
}
