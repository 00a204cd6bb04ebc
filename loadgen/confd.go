package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"

	"gantry/confd/wire"
)

// Confd is the workload of a confd: signed queries of several types.
type Confd struct {
	Key  *wire.Key
	Mix  []Share
	Name string  // of the mix, in results
	Zipf float64 // the exponent of the law by which a share's queries are drawn, in their order; 0: all alike
}

// Share is a part of a mix of queries.
type Share struct {
	Weight  int     // how often, beside the other shares' weights
	Queries []Query // each as likely as the others, unless Confd.Zipf says otherwise
}

// Query is one query that a confd is asked, and what it should say.
type Query struct {
	Type  wire.Type
	Query wire.Query
	Want  wire.Status
}

// StandardMix is what nodes and monitoring ask most: 60 % for an instance's node by
// the instance's address, 20 % for a node's role, 10 % for the master, 5 % for the
// master candidates, 5 % pings. names tells what there is to ask for; what it has
// none of is left out.
func StandardMix(names Names) []Share {
	shares := []Share{
		{Weight: 60, Queries: names.instanceQueries()},
		{Weight: 20, Queries: names.nodeQueries()},
		{Weight: 10, Queries: []Query{{Type: wire.ReqClusterMaster}}},
		{Weight: 5, Queries: []Query{{Type: wire.ReqMCPipList}}},
		{Weight: 5, Queries: []Query{{Type: wire.ReqPing}}},
	}
	var mix []Share
	for _, s := range shares {
		if len(s.Queries) > 0 {
			mix = append(mix, s)
		}
	}
	return mix
}

func (c Confd) String() string {
	name := "confd queries"
	if c.Name != "" {
		name += ", mix " + c.Name
	}
	return name + zipfName(c.Zipf)
}

// Classes names the request types.
func (c Confd) Classes() []string {
	var names []string
	for t := range wire.Type(wire.NumTypes) {
		names = append(names, t.String())
	}
	return names
}

// Source returns a worker's requests: each with a salt and an rsalt of its own.
func (c Confd) Source(worker int, o *Options) (Source, error) {
	if c.Key == nil {
		return nil, errors.New("no key to sign with")
	}
	if len(c.Mix) == 0 {
		return nil, errors.New("no queries in the mix")
	}
	d := draw{mix: c.Mix, queries: make([]*chooser, len(c.Mix))}
	weights := make([]float64, len(c.Mix))
	for i, s := range c.Mix {
		if s.Weight < 1 || len(s.Queries) == 0 {
			return nil, fmt.Errorf("share %d of the mix has weight %d and %d queries", i, s.Weight, len(s.Queries))
		}
		weights[i] = float64(s.Weight)
		var err error
		if d.queries[i], err = newZipf(len(s.Queries), c.Zipf); err != nil {
			return nil, err
		}
	}
	d.shares = newWeighted(weights)
	return newConfdSource(c, worker, o, d), nil
}

// draw draws queries from a mix.
type draw struct {
	mix     []Share
	shares  *chooser
	queries []*chooser // of each share
}

func (d *draw) pick(random *rand.Rand) *Query {
	i := d.shares.pick(random)
	return &d.mix[i].Queries[d.queries[i].pick(random)]
}

// byType orders queries so that those to be coalesced stand together: the requests
// of one type are about equally long, and so are the answers.
func byType(a, b *Query) int { return cmp.Compare(a.Type, b.Type) }
