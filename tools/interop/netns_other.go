//go:build !linux

package main

import (
	"errors"
	"fmt"
	"os"
)

// enterNetwork fails: only Linux has network namespaces.
func enterNetwork(*os.File) error { return fmt.Errorf("network namespaces: %w", errors.ErrUnsupported) }
