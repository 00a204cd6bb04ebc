package daemon

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func parse(arguments ...string) (Options, error) {
	o := Options{DefaultMetrics: netip.MustParseAddrPort("127.0.0.1:1814")}
	flags := pflag.NewFlagSet("ganeti-testd", pflag.ContinueOnError)
	o.AddFlags(flags)
	return o, flags.Parse(arguments)
}

// These are the flags of Ganeti's daemons, which their start scripts give.
func TestFlags(t *testing.T) {
	o, err := parse("-f", "-d", "--syslog=only", "--no-user-checks", "--log-format", "json", "--metrics", "off")
	if err != nil {
		t.Fatal(err)
	}
	if !o.Foreground || !o.Debug || o.Syslog != SyslogOnly || !o.NoUserChecks || o.LogFormat != FormatJSON || o.Metrics != MetricsOff {
		t.Errorf("%+v", o)
	}
	o, err = parse()
	if err != nil {
		t.Fatal(err)
	}
	if o.Foreground || o.Debug || o.Syslog != SyslogNo || o.NoUserChecks || o.LogFormat != FormatText || o.Metrics != "" {
		t.Errorf("by default %+v", o)
	}
	if err := o.fillDefaults(); err != nil {
		t.Error(err)
	}
}

func TestBadFlags(t *testing.T) {
	for _, test := range []struct{ argument, want string }{
		{"--syslog=maybe", "not one of no, yes, only"},
		{"--log-format=xml", "not one of text, json"},
	} {
		if _, err := parse(test.argument); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.argument, err, test.want)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{Syslog: "maybe"}, {LogFormat: "xml"}} {
		if err := Run(t.Context(), o, nil); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
