package loadgen

import (
	"context"
	"errors"
	"fmt"
)

// Search says how SearchMax looks for the highest rate without loss.
type Search struct {
	// Start is the first rate tried, in requests a second; 0: what a closed loop
	// reaches in one trial.
	Start float64
	// Resolution is how near the rate without loss and the one with it come to each
	// other before the search ends, as a share of the latter; 0 is
	// DefaultResolution.
	Resolution float64
	// Trials bounds the search, up to MaxTrials; 0 is DefaultTrials.
	Trials int
	// Each, if set, is told of each trial when it is over.
	Each func(Trial)
}

// Limits and defaults of a search.
const (
	// DefaultResolution is where trials begin to differ by chance.
	DefaultResolution = 0.01

	// DefaultTrials are enough to halve a whole range down to a hundredth, after
	// some doublings.
	DefaultTrials = 16

	// MaxTrials narrow any range down to what floating point knows.
	MaxTrials = 64
)

// Trial is one open loop at one rate.
type Trial struct {
	Number int     `json:"number"` // from 1
	Rate   float64 `json:"offered_per_second"`
	Passed bool    `json:"passed"`
	Why    string  `json:"why,omitempty"` // it did not pass
	Result *Result `json:"result"`
}

// SearchResult is what a search found. The JSON names are stable.
type SearchResult struct {
	Target   string `json:"target"`
	Workload string `json:"workload"`

	// MaxRate is the highest rate of a trial that passed: every request was sent on
	// schedule and got its right answer. 0: none passed.
	MaxRate float64 `json:"max_rate_per_second"`
	// LossRate is the lowest rate of a trial that did not pass; 0: all passed.
	LossRate float64 `json:"loss_rate_per_second"`
	// Narrowed says that the two are as near as was asked for.
	Narrowed bool `json:"narrowed"`
	// GeneratorLimited says that the generator, not the server, kept the rate from
	// being higher: it was too busy at the highest rate, or too slow for the next.
	GeneratorLimited bool `json:"generator_limited"`

	Trials []Trial `json:"trials"`
	// Best is the trial at MaxRate; nil: there is none.
	Best *Result `json:"best,omitempty"`
}

// SearchMax finds the highest rate that the target answers without any loss, by the
// binary search of RFC 8219 (and RFC 2544) over open loops of options.Duration each:
// it doubles the rate while trials pass, and then halves the distance between the
// highest rate that passed and the lowest that did not. options.Rate is ignored.
// The result holds the trials made so far also with an error.
func SearchMax(ctx context.Context, target Target, workload Workload, options Options, search Search) (*SearchResult, error) {
	orDefault(&search.Resolution, DefaultResolution)
	orDefault(&search.Trials, DefaultTrials)
	if search.Trials < 1 || search.Trials > MaxTrials {
		return nil, fmt.Errorf("search: %d trials are not within 1 and %d", search.Trials, MaxTrials)
	}
	if !(search.Resolution > 0 && search.Resolution < 1) || !(search.Start >= 0 && search.Start <= MaxRate) {
		return nil, fmt.Errorf("search: resolution %g or first rate %g out of range", search.Resolution, search.Start)
	}
	s := &searcher{target: target, workload: workload, options: options, search: search}
	s.result = SearchResult{Target: target.String(), Workload: workload.String()}
	err := s.run(ctx)
	return &s.result, err
}

type searcher struct {
	target   Target
	workload Workload
	options  Options
	search   Search
	result   SearchResult
}

func (s *searcher) run(ctx context.Context) error {
	rate, err := s.start(ctx)
	if err != nil {
		return err
	}
	r := &s.result
	for range s.search.Trials {
		if err := s.try(ctx, rate); err != nil {
			return err
		}
		switch {
		case r.LossRate == 0 && r.MaxRate == MaxRate:
			return nil
		case r.LossRate == 0:
			rate = min(2*rate, MaxRate)
		case r.LossRate-r.MaxRate <= s.search.Resolution*r.LossRate:
			r.Narrowed = true
			return nil
		default:
			rate = (r.MaxRate + r.LossRate) / 2
		}
	}
	return nil
}

// start is the first rate.
func (s *searcher) start(ctx context.Context) (float64, error) {
	if s.search.Start > 0 {
		return s.search.Start, nil
	}
	closed := s.options
	closed.Rate, closed.Burst = 0, 0
	r, err := Run(ctx, s.target, s.workload, closed)
	if err != nil {
		return 0, err
	}
	if r.Rate == 0 {
		return 0, fmt.Errorf("search: %w", errors.Join(errNothingAnswered, r.Blame()))
	}
	return min(r.Rate, MaxRate), nil
}

var errNothingAnswered = errors.New("the target answers nothing rightly, start it or look at the key")

// try makes one trial.
func (s *searcher) try(ctx context.Context, rate float64) error {
	o := s.options
	o.Rate = rate
	result, err := Run(ctx, s.target, s.workload, o)
	if err != nil {
		return err
	}
	t := Trial{Number: len(s.result.Trials) + 1, Rate: rate, Result: result}
	if err := result.Blame(); err != nil {
		t.Why = err.Error()
	}
	t.Passed = t.Why == ""
	s.take(t)
	if s.search.Each != nil {
		s.search.Each(t)
	}
	return nil
}

// take narrows the range.
func (s *searcher) take(t Trial) {
	r := &s.result
	r.Trials = append(r.Trials, t)
	switch {
	case t.Passed:
		r.MaxRate, r.Best = t.Rate, t.Result
		r.GeneratorLimited = t.Result.GeneratorLimited
	default:
		r.LossRate = t.Rate
		r.GeneratorLimited = r.GeneratorLimited || t.Result.Unsent > 0
	}
}
