package config

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadFile reads the configuration in a file.
func ReadFile(path string) (*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// WriteFile replaces the file at path by the document, or leaves it as it is; see [ReplaceFile].
func WriteFile(path string, d *Document, mode fs.FileMode) error {
	if d.Len(KindCluster) == 0 {
		return fmt.Errorf("write %s: the configuration has no cluster", path)
	}
	return ReplaceFile(path, mode, nil, func(w io.Writer) error {
		_, err := d.WriteTo(w)
		return err
	})
}
