package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"gantry/confd/ssconf"
	"gantry/confd/vote"
)

// FenceFile is where a node keeps which master it follows, in the data directory. It is neither config.data nor an ssconf
// file: Ganeti's daemons don't look at it.
const FenceFile = "gantry-fence.json"

const (
	fenceMode   = 0o600
	fenceFormat = 1         // of the file; a reader refuses others
	tornBoot    = "unknown" // the machine's run of a fence that can't be read: none that ever is
)

// A fence is what a node has to remember beside config.data.
type fence struct {
	Format int        `json:"format"`
	Master string     `json:"master"`
	Floor  int64      `json:"floor"` // as in vote.Holding
	Reign  string     `json:"reign"`
	Sets   vote.Joint `json:"sets,omitempty"` // candidates whose majorities the config here needs
	Left   bool       `json:"left,omitempty"` // it had a config and was told to remove it
	// Boot is the machine's run in which the copy was last known to be complete; empty after a clean stop.
	Boot string `json:"boot,omitempty"`
}

// readFence returns a node's fence. Without one, nobody ever made a claim and the master is that of ssconf.
func readFence(disk Disk, boot string) (fence, error) {
	text, err := disk.ReadFile(FenceFile)
	if errors.Is(err, fs.ErrNotExist) {
		master, err := disk.ReadFile(ssconf.MasterNode.FileName())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fence{}, fmt.Errorf("reading who is master: %w", err)
		}
		return fence{Format: fenceFormat, Master: strings.TrimSpace(string(master)), Boot: boot}, nil
	}
	if err != nil {
		return fence{}, fmt.Errorf("reading the fence: %w", err)
	}
	var f fence
	if json.Unmarshal(text, &f) != nil {
		// The disk has torn it, so it has forgotten. Whoever leads may take it in again, as after a restart.
		return fence{Format: fenceFormat, Boot: tornBoot}, nil
	}
	if f.Format != fenceFormat {
		return fence{}, fmt.Errorf("reading the fence: %s has format %d, this release reads %d", FenceFile, f.Format, fenceFormat)
	}
	return f, nil
}

func (f fence) text() []byte {
	text, _ := json.Marshal(f) // strings and numbers always can be
	return append(text, '\n')
}
