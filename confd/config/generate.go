package config

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of what Generate makes. They follow from how it gives out addresses: nodes have secondary addresses in 192.168.0.0/16,
// instances have eight MAC and IP addresses each out of 2^24, networks are /24 blocks of 100.64.0.0/10.
const (
	MaxGeneratedNodes     = 60_000
	MaxGeneratedInstances = 1_000_000
	MaxGeneratedGroups    = 10_000
	MaxGeneratedNetworks  = 16_384
	MaxGeneratedFilters   = 10_000
)

// defaultPoolSize is the reference's number of master candidates.
const defaultPoolSize = 10

// GenerateOptions say what a generated cluster looks like. The zero value of every field but Nodes is usable.
type GenerateOptions struct {
	Nodes      int    // 1 to MaxGeneratedNodes; the master is among them
	Instances  int    // 0 to MaxGeneratedInstances
	Seed       uint64 // the same options and seed give the same bytes, everywhere and always
	Groups     int    // node groups; 0 means 1
	Networks   int    // 0 means 2, negative none
	Filters    int    // job filter rules; 0 means 1, negative none
	Candidates int    // size of the candidate pool; 0 means 10, the reference's default
	Family     int    // of the nodes' primary addresses: 2 (IPv4, also 0) or 10 (IPv6)
	Layout     string // version whose layout is written: 2.0 to 2.17, 3.0 (also "") or 3.1

	// Templates are what the instances' disks are drawn from, a name as often as its weight says; nil means a mix of all.
	// A template that the cluster can't give (drbd with one node that runs instances, or with all ports used) becomes plain.
	Templates []string

	NonASCII    bool // tags and OS parameters outside ASCII, written as \u escapes
	Forthcoming bool // a few instances and disks that are reservations only
	Python      bool // spaced as the reference's Python code writes, with a final newline, instead of as its wconfd does

	// Quirks makes a file that is odd but that the reference loads: unsorted keys, numbers as floats, nulls and missing
	// fields, repeated tags, escapes, addresses used on several links, names that begin alike, disks that are missing.
	// Such a file breaks rules that Validate checks. It implies NonASCII and Forthcoming.
	Quirks bool
}

// Generate writes the config.data of an invented cluster to w, as one stream: 100,000 instances take some twenty megabytes of memory.
// Without Quirks it keeps every rule that Validate checks, and in layout 3.0 it is canonical text (unless NonASCII or Python ask
// for another spelling). Errors are those of the options, or w's.
func Generate(w io.Writer, opts GenerateOptions) error {
	opts, err := opts.withDefaults()
	if err != nil {
		return fmt.Errorf("generate a cluster: %w", err)
	}
	g := generator{plan: newPlan(opts), opts: opts, style: compactStyle, out: bufio.NewWriterSize(w, 1<<16)}
	if opts.Python {
		g.style = pythonStyle
	}
	if g.quirks = newQuirks(opts); g.quirks != nil {
		g.style = g.quirks.style()
	}
	if err := g.document(); err != nil {
		return fmt.Errorf("write the generated cluster: %w", err)
	}
	return nil
}

func (o GenerateOptions) withDefaults() (GenerateOptions, error) {
	o.Groups, o.Networks, o.Filters = cmp.Or(o.Groups, 1), cmp.Or(o.Networks, 2), cmp.Or(o.Filters, 1)
	o.Candidates, o.Family = cmp.Or(o.Candidates, defaultPoolSize), cmp.Or(o.Family, FamilyIPv4)
	o.Networks, o.Filters = max(o.Networks, 0), max(o.Filters, 0)
	if o.Quirks {
		o.NonASCII, o.Forthcoming = true, true
	}
	o.Layout = cmp.Or(o.Layout, layoutCurrent.String())
	if o.Templates == nil {
		o.Templates = templateMix
	}
	return o, o.check()
}

func (o *GenerateOptions) check() error {
	ranges := []struct {
		what         string
		n, low, high int
	}{
		{"nodes", o.Nodes, 1, MaxGeneratedNodes},
		{"instances", o.Instances, 0, MaxGeneratedInstances},
		{"groups", o.Groups, 1, MaxGeneratedGroups},
		{"networks", o.Networks, 0, MaxGeneratedNetworks},
		{"filters", o.Filters, 0, MaxGeneratedFilters},
		{"candidates", o.Candidates, 1, MaxGeneratedNodes},
	}
	for _, r := range ranges {
		if r.n < r.low || r.n > r.high {
			return fmt.Errorf("%d %s: must be %d to %d", r.n, r.what, r.low, r.high)
		}
	}
	if o.Family != FamilyIPv4 && o.Family != FamilyIPv6 {
		return fmt.Errorf("family %d: must be %d (IPv4) or %d (IPv6)", o.Family, FamilyIPv4, FamilyIPv6)
	}
	layout, err := parseLayout(o.Layout)
	switch {
	case err != nil:
		return err
	case o.Quirks && layout != layoutCurrent:
		return fmt.Errorf("quirks in layout %s: they are for layout %s only", layout, layoutCurrent)
	case o.Family == FamilyIPv6 && layout < layoutGroups:
		return fmt.Errorf("family %d in layout %s: IPv6 came with %s", o.Family, layout, layoutGroups)
	}
	for _, t := range o.Templates {
		if !slices.Contains(diskTemplates, t) {
			return fmt.Errorf("disk template %q: must be one of %s", t, strings.Join(diskTemplates, ", "))
		}
	}
	if len(o.Templates) == 0 {
		return fmt.Errorf("no disk templates to choose from")
	}
	return nil
}

// A generator writes one planned cluster.
type generator struct {
	*plan
	opts   GenerateOptions
	style  valueStyle
	quirks *quirks // nil without
	out    *bufio.Writer
	buf    []byte
	err    error
}

// document writes everything, in the order of wconfd, and returns the first error of the writer.
func (g *generator) document() error {
	g.raw("{")
	g.member("version", intValue(int(g.layout)))
	g.raw(g.style.comma)
	g.member("cluster", g.clusterValue())
	g.container(KindNode, g.nodeOrder, g.nodeMember)
	if g.layout >= layoutGroups {
		g.container(KindGroup, g.groupOrder, g.groupMember)
	}
	g.container(KindInstance, g.instanceOrder, g.instanceMember)
	if g.layout >= layoutNetworks {
		g.container(KindNetwork, g.networkOrder, g.networkMember)
	}
	if g.layout >= layoutTopDisks {
		g.container(KindDisk, g.diskOrder, g.diskMember)
	}
	if g.layout >= layoutFilters {
		g.container(KindFilter, g.filterOrder, g.filterMember)
	}
	for _, m := range g.trailer() {
		g.raw(g.style.comma)
		g.member(m.key, m.value)
	}
	g.raw("}")
	if g.opts.Python {
		g.raw("\n")
	}
	if g.err != nil {
		return g.err
	}
	return g.out.Flush()
}

// container writes the objects of a kind in order.
func (g *generator) container(kind Kind, order []int32, build func(i int) member) {
	if g.quirks != nil {
		order = g.quirks.shuffled(order)
	}
	g.raw(g.style.comma + `"` + kind.String() + `"` + g.style.colon + "{")
	for at, i := range order {
		if at > 0 {
			g.raw(g.style.comma)
		}
		m := build(int(i))
		if g.quirks != nil && g.quirks.repeat(kind, int(i)) {
			g.member(m.key, build(int(order[0])).value)
			g.raw(g.style.comma)
		}
		g.member(m.key, m.value)
	}
	g.raw("}")
}

func (g *generator) member(key string, v value) {
	g.buf = appendQuotedRaw(g.buf[:0], key)
	g.buf = append(g.buf, g.style.colon...)
	g.buf = v.appendTo(g.buf, g.style)
	if g.err == nil {
		_, g.err = g.out.Write(g.buf)
	}
}

func (g *generator) raw(text string) {
	if g.err == nil {
		_, g.err = g.out.WriteString(text)
	}
}
