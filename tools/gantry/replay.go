package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"gantry/confd/client"
	"gantry/confd/paths"
	"gantry/confd/wire"
	"gantry/loadgen/replay"
)

// replayOptions are the flags of a replay.
type replayOptions struct {
	replay.Options
	to         string
	keyFile    string
	captureKey string
	list       bool
	asJSON     bool
}

func newReplayCommand(a *app) *cobra.Command {
	var o replayOptions
	o.Speed = 1
	command := &cobra.Command{
		Use:   "replay FILE",
		Short: "Send the requests of a capture again, and compare the answers",
		Long: `Sends the confd requests in a capture to a server: at their times, faster, or as
fast as it answers. FILE is pcap or pcapng, as tcpdump, Wireshark and gantry load
--pcap write it, possibly compressed with gzip; - is standard input.

Every request is signed anew, as servers refuse those older than five minutes, and
gets an rsalt of its own. With --compare, today's answers are compared with the
captured ones: status, serial and answer. Packets that aren't confd's are counted
and passed over.

With --list, nothing is sent: it says what the capture holds. With --key, too, only
what is signed with that key counts.

Exit codes: 0; 1 if an answer is missing that the capture has, or is another one
(with --compare), or if there is nothing to send.`,
		Example: `  tcpdump -i any -w confd.pcap udp port 1814
  gantry replay --list confd.pcap
  gantry replay confd.pcap --to 192.0.2.1 --compare`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			dirs, err := a.dirs()
			if err != nil {
				return err
			}
			if o.list {
				return o.listCapture(command, args[0])
			}
			return o.run(command, dirs, args[0])
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.to, "to", "", "send to `ADDR[:PORT]`")
	flags.Var(absolutePath{&o.keyFile}, "key", "sign with the key in `FILE` (default: the node's hmac.key)")
	flags.Var(absolutePath{&o.captureKey}, "capture-key", "the capture is signed with the key in `FILE` (default: as --key)")
	flags.Var((*speedFlag)(&o.Speed), "speed", "send at the captured speed times `X`, or with \"max\" as fast as answers come")
	flags.IntVar(&o.Loops, "loop", 1, "send the capture `N` times")
	flags.BoolVar(&o.Compare, "compare", false, "compare today's answers with the captured ones")
	flags.BoolVar(&o.KeepRSalt, "keep-rsalt", false, "send the captured rsalts")
	flags.IntVar(&o.Sockets, "sockets", replay.DefaultSockets, "send from `N` sockets; each captured client keeps to one")
	flags.IntVar(&o.Outstanding, "outstanding", replay.DefaultOutstanding, "with --speed max: keep `N` requests under way")
	flags.DurationVar(&o.Timeout, "timeout", replay.DefaultTimeout, "count a request as lost after this `TIME`")
	flags.IntVar(&o.Shown, "show", replay.DefaultShown, "show up to `N` differences; all are counted")
	flags.BoolVar(&o.list, "list", false, "only say what the capture holds")
	flags.BoolVar(&o.asJSON, "json", false, "write the result as JSON")
	return command
}

// speedFlag is a factor, or "max".
type speedFlag float64

func (s *speedFlag) String() string {
	if float64(*s) == replay.SpeedMax {
		return "max"
	}
	return strconv.FormatFloat(float64(*s), 'g', -1, 64)
}

func (s *speedFlag) Type() string { return "string" }

func (s *speedFlag) Set(text string) error {
	if text == "max" {
		*s = speedFlag(replay.SpeedMax)
		return nil
	}
	speed, err := strconv.ParseFloat(text, 64)
	if err != nil || !(speed > 0) {
		return errors.New("neither a number above 0 nor max")
	}
	*s = speedFlag(speed)
	return nil
}

// standardInput is how it is called in place of a file.
const standardInput = "-"

// openCapture opens a capture; standard input only once, by whoever reads it last.
func openCapture(command *cobra.Command, name string) (io.ReadCloser, error) {
	if name == standardInput {
		return io.NopCloser(command.InOrStdin()), nil
	}
	return os.Open(name)
}

func (o *replayOptions) listCapture(command *cobra.Command, name string) error {
	var key *wire.Key
	if o.keyFile != "" {
		text, err := client.ReadKey(o.keyFile)
		if err != nil {
			return err
		}
		key = wire.NewKey(text)
	}
	file, err := openCapture(command, name)
	if err != nil {
		return err
	}
	defer file.Close()
	listing, err := replay.List(file, key)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if o.asJSON {
		return writeJSON(command.OutOrStdout(), listing)
	}
	return printListing(command.OutOrStdout(), name, listing)
}

// aim reads the target and the keys.
func (o *replayOptions) aim(ctx context.Context, dirs paths.Dirs) (err error) {
	if o.to == "" {
		return errors.New("whom to ask is missing: give --to ADDR[:PORT], or --list")
	}
	if o.Target, err = client.ParsePeer(o.to, client.ServicePort(ctx)); err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if o.keyFile == "" {
		o.keyFile = dirs.HMACKey()
	}
	text, err := client.ReadKey(o.keyFile)
	if err != nil {
		return fmt.Errorf("%w (give --key)", err)
	}
	o.Key = wire.NewKey(text)
	if o.captureKey != "" {
		if text, err = client.ReadKey(o.captureKey); err != nil {
			return err
		}
		o.CaptureKey = wire.NewKey(text)
	}
	return nil
}

var (
	errReplayMissing   = errors.New("answers are missing that the capture has")
	errReplayDifferent = errors.New("answers differ from the captured ones")
	errReplayWrong     = errors.New("replies came that answer nothing, or aren't signed with the key")
	errReplayStopped   = errors.New("interrupted; the result is of the time until then")
)

func (o *replayOptions) run(command *cobra.Command, dirs paths.Dirs, name string) error {
	ctx, stop := signal.NotifyContext(command.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := o.aim(ctx, dirs); err != nil {
		return err
	}
	if name == standardInput && o.Loops != 1 {
		return errors.New("standard input can't be sent more than once: give a file to --loop")
	}
	result, err := replay.Run(ctx, func() (io.ReadCloser, error) { return openCapture(command, name) }, o.Options)
	if result == nil || err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		err = errReplayStopped
	}
	out := command.OutOrStdout()
	if o.asJSON {
		err = errors.Join(writeJSON(out, result), err)
	} else {
		err = errors.Join(printReplay(out, name, result), err)
	}
	return errors.Join(err, verdict(name, result))
}

// verdict says what is wrong with the outcome of a replay.
func verdict(name string, r *replay.Result) error {
	switch {
	case r.Different > 0:
		return errReplayDifferent
	case r.Lost > 0:
		return errReplayMissing
	case r.Wrong > 0:
		return errReplayWrong
	case r.Requests == 0:
		return fmt.Errorf("%s holds no request that is signed with the key: see gantry replay --list, or give --capture-key", name)
	}
	return nil
}
