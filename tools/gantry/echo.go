package main

import (
	"context"
	"fmt"
	"net/netip"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"gantry/confd/wire"
	"gantry/loadgen/echo"
	"gantry/netio"
)

// newEchoCommand is the server that benchmarks compare with: the same sockets
// and batches as confd's, and no work.
func newEchoCommand() *cobra.Command {
	var workers int
	command := &cobra.Command{
		Use:    "echo ADDR:PORT",
		Short:  "Send back every datagram: the floor that benchmarks compare with",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			addr, err := netip.ParseAddrPort(args[0])
			if err != nil {
				return fmt.Errorf("%q is not of the form ADDR:PORT", args[0])
			}
			ctx, stop := signal.NotifyContext(context.WithoutCancel(command.Context()), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			group, err := netio.Listen(netio.Config{Addrs: []netip.AddrPort{addr}, Workers: workers, MaxRequest: wire.MaxRequest})
			if err != nil {
				return err
			}
			return group.Serve(ctx, echo.New)
		},
	}
	command.Flags().IntVar(&workers, "workers", 1, "answer with `N` workers")
	return command
}
