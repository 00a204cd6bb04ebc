package bench

import (
	"context"
	"fmt"
)

// latency asks at growing shares of the peak.
func latency(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
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
	shares := []int{10, 20, 30, 40, 50, 60, 70, 80, 90}
	if l.Quick {
		shares = []int{10, 50, 90}
	}
	loads := make([]paced, len(shares))
	for run := range l.Runs {
		for i, share := range shares {
			if err := l.pace(ctx, s, config, peak*float64(share)/100, &loads[i]); err != nil {
				return nil, err
			}
			l.logf("  run %d of %d, %d %% of the peak: %s", run+1, l.Runs, share, loads[i].last())
		}
	}
	report := &Report{
		Tables: []Table{{Header: append([]string{"of the peak"}, pacedHeader...)}},
		Notes: []string{fmt.Sprintf("The peak is %s answers a second, the median of %d closed loops before. Requests leave when they are due, whatever has been answered, "+
			"and an answer's time counts from then, so that a server that stalls shows.", amount(peak), l.Runs)},
	}
	drawing := Plot{Title: "Latency at a fixed rate", X: "% of the peak", Y: "µs", LogY: true, Lines: []Line{{Name: "p99.9"}, {Name: "p99"}, {Name: "p50"}}}
	for i, share := range shares {
		p := &loads[i]
		report.Tables[0].Rows = append(report.Tables[0].Rows, append([]string{fmt.Sprintf("%d %%", share)}, p.row()...))
		for line, s := range []series{p.p999, p.p99, p.p50} {
			drawing.Lines[line].Points = append(drawing.Lines[line].Points, s.at(float64(share)))
		}
	}
	report.Plots = []Plot{drawing}
	return report, nil
}

// peakOf is a server's peak in a closed loop, answers a second.
func (l *Lab) peakOf(ctx context.Context, s *server, names string) (float64, error) {
	outcomes, err := l.contest(ctx, names, contender{server: s, as: "peak of " + s.name})
	if err != nil {
		return 0, err
	}
	return outcomes[0].rate.median(), nil
}

// paced is what runs at a fixed rate gave.
type paced struct {
	asked         float64 // requests a second
	rate          series  // right answers a second
	p50, p90, p99 series  // µs
	p999, max     series
	lost, all     float64 // requests, of all runs; those that the generator didn't send are lost
	late          series  // how late the generator itself was, p99.9, µs
	busy          series
	user, system  series // ns an answer
}

// pace makes one run at a fixed rate.
func (l *Lab) pace(ctx context.Context, s *server, names string, rate float64, p *paced) error {
	p.asked = float64(int(rate))
	before, err := s.processorTime()
	if err != nil {
		return err
	}
	r, err := l.tryLoad(ctx, s, names, "--rate", fmt.Sprint(int(rate)), "--warmup", "0s", "--verify", "sample", "--ahead", aheadFor(int(rate)+1, l.length))
	if err != nil {
		return err
	}
	after, err := s.processorTime()
	if err != nil {
		return err
	}
	if r.Answered == 0 || r.Wrong > 0 {
		return fmt.Errorf("%s: %d right and %d wrong answers at %.0f requests a second: %w", s.name, r.Answered, r.Wrong, rate, r.Exit)
	}
	const µs = 1e-3
	p.rate = append(p.rate, r.Rate)
	p.p50, p.p90, p.p99 = append(p.p50, µs*r.Latency.P50), append(p.p90, µs*r.Latency.P90), append(p.p99, µs*r.Latency.P99)
	p.p999, p.max = append(p.p999, µs*r.Latency.P999), append(p.max, µs*r.Latency.Max)
	p.late = append(p.late, µs*r.SendDelay.P999)
	p.lost += float64(r.Sent + r.Unsent - r.Answered)
	p.all += float64(r.Sent + r.Unsent)
	p.busy = append(p.busy, r.busiest())
	used := after.minus(before)
	p.user = append(p.user, 1e9*used.user/float64(r.Answered))
	p.system = append(p.system, 1e9*used.system/float64(r.Answered))
	return nil
}

var pacedHeader = []string{
	"asked a second", "answered a second", "p50, µs: median (min-max)", "p90, µs", "p99, µs", "p99.9, µs", "longest, µs",
	"of it the generator's: p99.9, µs", "lost, of all runs", "server's user + kernel ns an answer", "generator busy",
}

func (p *paced) row() []string {
	return []string{
		amount(p.asked), p.rate.amounts(), p.p50.text("%.0f"), p.p90.text("%.0f"), p.p99.text("%.0f"), p.p999.text("%.0f"), p.max.text("%.0f"), p.late.text("%.0f"),
		fmt.Sprintf("%.0f of %.0f", p.lost, p.all), fmt.Sprintf("%.0f + %.0f", p.user.median(), p.system.median()), busyText(p.busy.median()),
	}
}

// last is the last run in a few words.
func (p *paced) last() string {
	n := len(p.rate) - 1
	return fmt.Sprintf("%.0f answers/s, p50 %.0f µs, p99.9 %.0f µs", p.rate[n], p.p50[n], p.p999[n])
}
