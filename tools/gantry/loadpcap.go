package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"gantry/loadgen"
	"gantry/loadgen/capture"
)

// pcapMode is a new capture's mode: answers may hold secrets.
const pcapMode = 0o600

var errPcapSearch = errors.New("--pcap records one run: leave --search-max out, and give the --rate that it found")

// runRecorded runs the load, with a capture of it if one is asked for.
func (o *loadOptions) runRecorded(ctx context.Context, target loadgen.Target, workload loadgen.Workload, warnings io.Writer) (*loadgen.Result, error) {
	if o.pcapFile == "" {
		return loadgen.Run(ctx, target, workload, o.Options)
	}
	file, err := os.OpenFile(o.pcapFile, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, pcapMode)
	if err != nil {
		return nil, err
	}
	tap, err := capture.NewTap(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", o.pcapFile, err), file.Close())
	}
	o.Tap = tap
	result, err := loadgen.Run(ctx, target, workload, o.Options)
	if closing := errors.Join(tap.Close(), file.Close()); closing != nil {
		return result, errors.Join(err, fmt.Errorf("%s: %w", o.pcapFile, closing))
	}
	if _, lost := tap.Recorded(); lost > 0 {
		fmt.Fprintf(warnings, "warning: %d datagrams are missing in %s: they came faster than it could be written; try a lower --rate\n", lost, o.pcapFile)
	}
	return result, err
}
