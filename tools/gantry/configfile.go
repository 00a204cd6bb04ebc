package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gantry/confd/config"
)

const (
	// configMode is what config.data has: its owner writes, confd's group reads, and nobody else, as it holds secrets.
	configMode = 0o640
	// worldBits are what a file with secrets must not have.
	worldBits = 0o007
	// writeBuffer saves system calls when a large file is made piece by piece.
	writeBuffer = 1 << 16
)

// writeConfig has write write to a file, or to standard output for -.
func writeConfig(command *cobra.Command, name string, write func(w io.Writer) error) error {
	if name != "-" {
		return replaceFile(name, write)
	}
	out := bufio.NewWriterSize(command.OutOrStdout(), writeBuffer)
	if err := write(out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write standard output: %w", err)
	}
	return nil
}

// replaceFile puts what write writes in the place of a file, or leaves the file as it is. The new file has the old one's owner, and its
// mode but for what the world may do; a file that wasn't there gets configMode.
func replaceFile(name string, write func(w io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // replace the file, not the link to it
	}
	mode := fs.FileMode(configMode)
	old, err := os.Stat(name)
	switch {
	case err == nil && !old.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case err == nil:
		mode = old.Mode().Perm() &^ worldBits
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return config.ReplaceFile(name, mode, func(f *os.File) error {
		if old == nil {
			return nil
		}
		return keepOwner(f, old)
	}, write)
}
