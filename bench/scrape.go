package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// scrapeTurns is how many pairs of runs one of a lab's runs is: what is looked
	// for is smaller than what a single pair scatters by.
	scrapeTurns = 6
	// scrapeTimeout is how long a scrape may take.
	scrapeTimeout = 5 * time.Second
)

// scrape compares a server that is scraped with one that serves no metrics.
func scrape(ctx context.Context, l *Lab) (*Report, error) {
	config, err := l.config(ctx, 1000)
	if err != nil {
		return nil, err
	}
	without, err := l.confd(ctx, "confd", config, confdOptions{})
	if err != nil {
		return nil, err
	}
	with, err := l.confd(ctx, "confd", config, confdOptions{metrics: true})
	if err != nil {
		return nil, err
	}
	off := outcome{title: "without metrics"}
	on := outcome{title: "scraped each second"}
	turns, scrapes := scrapeTurns*l.Runs, 0
	for turn := range turns {
		// The one that comes second profits from what the first has warmed: each
		// is second every other time.
		steps := []func() error{
			func() error { return l.measure(ctx, &contender{server: without}, &off, config) },
			func() error {
				n, err := l.scraped(ctx, with, func() error { return l.measure(ctx, &contender{server: with}, &on, config) })
				scrapes += n
				return err
			},
		}
		for i := range steps {
			if err := steps[(i+turn)%len(steps)](); err != nil {
				return nil, err
			}
		}
		l.logf("  pair %d of %d: %.0f and %.0f answers/s", turn+1, turns, off.rate[turn], on.rate[turn])
	}
	outcomes := []outcome{off, on}
	return &Report{
		Tables: []Table{contestTable(outcomes)},
		Notes: []string{fmt.Sprintf("Medians of %d pairs, since the goal is less than what single pairs scatter by; which of a pair runs first changes from pair to pair. "+
			"There were %d scrapes; both servers count alike, the one without metrics only has nobody to tell.", turns, scrapes)},
		Goals: []Goal{
			{What: "answers a second when scraped, of those without metrics", Got: on.rate.over(off.rate).median(), Want: 0.99},
			{What: "scrapes made, of the runs", Got: float64(scrapes) / float64(turns), Want: 1},
		},
	}, nil
}

// scraped fetches a server's metrics at once and then each second, until f
// returns. It returns how often that worked.
func (l *Lab) scraped(ctx context.Context, s *server, f func() error) (scrapes int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- onCore(generatorCore, func() (err error) {
			scrapes, err = scrapeUntilDone(ctx, s)
			return err
		})
	}()
	err = f()
	cancel()
	if scrapeErr := <-ended; err == nil {
		err = scrapeErr
	}
	return scrapes, err
}

// scrapeUntilDone scrapes over one connection, as collectors do. It does so in the
// calling thread, which an http.Client wouldn't.
func scrapeUntilDone(ctx context.Context, s *server) (scrapes int, err error) {
	conn, err := net.Dial("tcp", s.metrics.String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for {
		if err := scrapeOnce(conn, answers, s); err != nil {
			return scrapes, fmt.Errorf("metrics of %s: %w", s.name, err)
		}
		scrapes++
		if pause(ctx, time.Second) != nil {
			return scrapes, nil
		}
	}
}

// scrapeOnce asks and reads all of the answer.
func scrapeOnce(conn net.Conn, answers *bufio.Reader, s *server) error {
	if err := conn.SetDeadline(time.Now().Add(scrapeTimeout)); err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodGet, "http://"+s.metrics.String()+"/metrics", nil)
	if err != nil {
		return err
	}
	if err := request.Write(conn); err != nil {
		return err
	}
	reply, err := http.ReadResponse(answers, request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return errors.New(reply.Status)
	}
	_, err = io.Copy(io.Discard, reply.Body)
	return err
}
