package bench

import (
	"context"
	"fmt"
	"math"
)

// contender is a server in a contest and the load that is put on it.
type contender struct {
	*server
	load  []string // flags of gantry load
	as    string   // its name in the table, the server's if empty
	names string   // the config whose names are asked for, if not the contest's
}

func (c *contender) title() string {
	if c.as != "" {
		return c.as
	}
	return c.name
}

// outcome is what a contender's runs gave.
type outcome struct {
	title        string
	rate         series // answers a second
	user, system series // the server's processor time, ns an answer
	busy         series // the generator's share of its core
}

// contest runs the contenders in turn, as often as the lab says. names is the
// config whose names are asked for; the same for all, so that they are asked
// alike.
func (l *Lab) contest(ctx context.Context, names string, contenders ...contender) ([]outcome, error) {
	outcomes := make([]outcome, len(contenders))
	for run := range l.Runs {
		for i := range contenders {
			c, o := &contenders[i], &outcomes[i]
			o.title = c.title()
			if err := l.measure(ctx, c, o, names); err != nil {
				return nil, err
			}
			l.logf("  run %d of %d, %s: %.0f answers/s, generator %.0f %% busy", run+1, l.Runs, o.title,
				o.rate[run], 100*o.busy[run])
		}
	}
	return outcomes, nil
}

// measure makes one run. The processor time includes the warm-up, and so do the
// answers that it is divided by: the load is told to have none.
func (l *Lab) measure(ctx context.Context, c *contender, o *outcome, names string) error {
	if c.names != "" {
		names = c.names
	}
	before, err := c.processorTime()
	if err != nil {
		return err
	}
	r, err := l.load(ctx, c.server, names, l.peakLoad(c.load)...)
	if err != nil {
		return err
	}
	after, err := c.processorTime()
	if err != nil {
		return err
	}
	if r.Answered == 0 {
		return fmt.Errorf("%s answered nothing", o.title)
	}
	used, answers := after.minus(before), float64(r.Answered)
	o.rate = append(o.rate, r.Rate)
	o.user = append(o.user, 1e9*used.user/answers)
	o.system = append(o.system, 1e9*used.system/answers)
	o.busy = append(o.busy, r.busiest())
	return nil
}

// cost is the server's processor time, ns an answer.
func (o *outcome) cost() series { return o.user.plus(o.system) }

// row is an outcome in a table, beside the base.
func (o *outcome) row(base *outcome) []string {
	low, high := o.rate.span()
	return []string{
		o.title,
		amount(o.rate.median()),
		amount(low) + "-" + amount(high),
		o.rate.over(base.rate).text("%.3g"),
		fmt.Sprintf("%.0f", o.user.median()),
		fmt.Sprintf("%.0f", o.system.median()),
		fmt.Sprintf("%.0f", o.cost().median()),
		busyText(o.busy.median()),
	}
}

var contestHeader = []string{
	"server", "answers/s, median", "min-max", "of the first row, pair by pair: median (min-max)",
	"server's user ns an answer", "kernel ns", "together", "generator busy",
}

// contestTable is a table of outcomes, the first being the base.
func contestTable(outcomes []outcome) Table {
	t := Table{Header: contestHeader}
	for i := range outcomes {
		t.Rows = append(t.Rows, outcomes[i].row(&outcomes[0]))
	}
	return t
}

// busyLimit is the share of its core above which a generator may have been what
// limited a rate.
const busyLimit = 0.7

// limited marks a generator that may have been the limit.
const limited = ", **the limit**"

// busyText says how busy a generator was, and whether that was the limit.
func busyText(share float64) string {
	if share > busyLimit {
		return fmt.Sprintf("%.0f %%", 100*share) + limited
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// amount is a large number to four digits, or all of a small one.
func amount(x float64) string {
	if x < 1000 {
		return fmt.Sprintf("%.4g", x)
	}
	unit := math.Pow(10, math.Floor(math.Log10(x))-3)
	return fmt.Sprintf("%.0f", math.Round(x/unit)*unit)
}

// bars are a contest's rates, drawn.
func bars(title string, outcomes []outcome) Plot {
	p := Plot{Title: title, Y: "answers a second"}
	group := Line{}
	for i := range outcomes {
		p.Names = append(p.Names, outcomes[i].title)
		group.Points = append(group.Points, outcomes[i].rate.at(float64(i)))
	}
	p.Lines = []Line{group}
	return p
}
