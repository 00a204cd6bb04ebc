// Gantry does the jobs of Ganeti's configuration plane in one static binary.
// Each of its commands stands in a file of its own; main picks one by its own
// name and its arguments.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gantry/confd/daemon"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}

// run does what the command line asks for and returns the exit code. An error
// is one line on stderr, whatever it was made of.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, rest := commandFor(args)
	command.SetArgs(rest)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	if err == nil {
		return daemon.ExitSuccess
	}
	fmt.Fprintf(stderr, "%s: %s\n", command.Name(), oneLine(err))
	var exit *daemon.ExitError
	if errors.As(err, &exit) {
		return exit.Code
	}
	return daemon.ExitFailure
}

// oneLine joins the lines of an error: joined errors and those of libraries
// may hold several.
func oneLine(err error) string {
	fields := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.Join(fields, "; ")
}
