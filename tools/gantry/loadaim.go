package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"gantry/confd/paths"
	"gantry/confd/wire"
	"gantry/loadgen"
)

// aimOptions are the flags that say what is asked.
type aimOptions struct {
	configFile string
	keyFile    string
	mix        string
	zipf       float64
	echoSize   int
	payload    string
	match      string
	expect     string
}

func (o *aimOptions) addFlags(flags *pflag.FlagSet) {
	flags.Var(absolutePath{&o.configFile}, "config", "ask about the names in this config.data `FILE` (default: the node's)")
	flags.Var(absolutePath{&o.keyFile}, "key", "sign with the key in `FILE` (default: the node's hmac.key)")
	flags.StringVar(&o.mix, "mix", "standard", "ask the `MIX` of queries described above, \"all\" types in two spellings, one type by its name, or what a file says")
	flags.Float64Var(&o.zipf, "zipf", 0, "draw the k-th name or payload 1/k^`S` as often as the first (default: all alike)")
	flags.IntVar(&o.echoSize, "size", 200, "send datagrams of `N` bytes to a udp target")
	flags.StringVar(&o.payload, "payload", "", "send a udp target what this `FILE` holds: on each line hex:DIGITS, base64:TEXT or text:TEXT with escapes")
	flags.StringVar(&o.match, "match", "prefix:2", "with --payload: write a counter into the first N bytes, which replies begin with (prefix:N), or take replies in order (none): `RULE`")
	flags.StringVar(&o.expect, "expect", "", "with --payload: replies without these bytes are wrong: `OFFSET:HEX[/MASK]`")
}

// schemes are the targets that there are.
var schemes = []string{"confd", "udp"}

// aim reads a target's URL and makes the workload for it.
func (o *aimOptions) aim(text string, dirs paths.Dirs) (loadgen.Target, loadgen.Workload, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || !strings.Contains(text, "://") {
		return nil, nil, fmt.Errorf("target %q is not of the form confd://ADDR:PORT or udp://ADDR:PORT", text)
	}
	var workload func() (loadgen.Workload, error)
	switch u.Scheme {
	case "confd":
		workload = func() (loadgen.Workload, error) { return o.confdWorkload(dirs) }
	case "udp":
		workload = o.udpWorkload
	default:
		return nil, nil, fmt.Errorf("target %q: unknown scheme %q; there are %s", text, u.Scheme, strings.Join(schemes, ", "))
	}
	addr, err := netip.ParseAddrPort(u.Host)
	if err != nil || addr.Port() == 0 || u.Path != "" {
		return nil, nil, fmt.Errorf("target %q is not of the form %s://ADDR:PORT", text, u.Scheme)
	}
	w, err := workload()
	return loadgen.UDP{Scheme: u.Scheme, Addr: addr}, w, err
}

func (o *aimOptions) confdWorkload(dirs paths.Dirs) (loadgen.Workload, error) {
	configFile, keyFile := o.configFile, o.keyFile
	if configFile == "" {
		configFile = dirs.Config()
	}
	if keyFile == "" {
		keyFile = dirs.HMACKey()
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	names, err := loadgen.ReadNames(configFile)
	if err != nil {
		return nil, err
	}
	mix, err := o.readMix(names)
	return loadgen.Confd{Key: wire.NewKey(key), Mix: mix, Name: o.mix, Zipf: o.zipf}, err
}

// readMix makes the mix that is named, or reads the file of that name.
func (o *aimOptions) readMix(names loadgen.Names) ([]loadgen.Share, error) {
	switch o.mix {
	case "standard":
		return loadgen.StandardMix(names), nil
	case "all":
		return loadgen.AllTypesMix(names), nil
	}
	if t, err := loadgen.ParseType(o.mix); err == nil {
		return loadgen.TypeMix(t, names)
	}
	f, err := os.Open(o.mix)
	if err != nil {
		return nil, fmt.Errorf("mix %q is not standard, all, or a type of request, and no file: %w", o.mix, err)
	}
	defer f.Close()
	return loadgen.ReadMix(f, o.mix, names)
}

func (o *aimOptions) udpWorkload() (loadgen.Workload, error) {
	if o.payload == "" {
		return loadgen.Echo{Size: o.echoSize}, nil
	}
	match, err := loadgen.ParseMatch(o.match)
	if err != nil {
		return nil, fmt.Errorf("--match: %w", err)
	}
	w := loadgen.Payload{Match: match, Zipf: o.zipf}
	if o.expect != "" {
		if w.Expect, err = loadgen.ParseExpect(o.expect); err != nil {
			return nil, fmt.Errorf("--expect: %w", err)
		}
	}
	f, err := os.Open(o.payload)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w.Payloads, err = loadgen.ReadPayloads(f, o.payload, match)
	return w, err
}
