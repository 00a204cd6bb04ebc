package store

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"sync"

	"gantry/confd/config"
	"gantry/confd/ssconf"
	"gantry/confd/vote"
)

const (
	configFile = "config.data"
	// configMode lets the group read, which confd is in. There are secrets in the file.
	configMode = 0o640
)

var (
	// ErrUnknown means that a write can't be taken back and may or may not last.
	ErrUnknown = errors.New("outcome unknown")
	// ErrNoConfig means that a node has no config.data.
	ErrNoConfig = errors.New("no configuration here")
	// ErrDigest means that a body isn't what its digest says: torn on the way.
	ErrDigest = errors.New("content doesn't match its digest")
)

// A Grant is what a node answers to a claim: what it holds, whether or not it granted it.
type Grant struct {
	vote.Holding
	Sets vote.Joint // candidates whose majorities its config needs; empty: those of the config
}

// A Push brings a version of config.data, and the ssconf files that belong to it.
type Push struct {
	vote.Push
	Sets   vote.Joint // candidates whose majorities the version needs
	Vouch  bool       // the receiver has missed nothing once it has this
	Data   []byte     // config.data
	Ssconf map[ssconf.Key]string
}

// A Copy is one node's copy of the configuration, with its fence. The node daemon and, on the master, the store each have
// one of the same directory; the disk's lock is between them. It is safe for concurrent use.
type Copy struct {
	disk  Disk
	boot  string
	rules rules

	mu       sync.Mutex
	identity string // of config.data as it was last looked at
	serial   int64
	digest   string
	torn     bool // it can't be read
	unsynced bool // a sync of the directory failed: what is there must be written again before it counts
}

// OpenCopy opens a node's copy. boot names the run of the machine: it must differ after each start of it, and be the same in
// every process until then.
func OpenCopy(disk Disk, boot string) (*Copy, error) { return openCopy(disk, boot, soundRules()) }

func openCopy(disk Disk, boot string, r rules) (*Copy, error) {
	c := &Copy{disk: disk, boot: boot, rules: r}
	unlock, err := disk.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	// A process that was killed may have renamed without syncing.
	if err := disk.Sync(); err != nil {
		return nil, fmt.Errorf("opening the copy: %w", err)
	}
	f, err := readFence(disk, boot)
	if err != nil {
		return nil, err
	}
	if f.Boot == "" {
		f.Boot = boot
	}
	if err := c.writeFence(f); err != nil {
		return nil, fmt.Errorf("opening the copy: %w", err)
	}
	return c, nil
}

// Close says that the machine may stop now: all is synced. It is for clean stops only.
func (c *Copy) Close() error {
	_, err := c.locked(func(f fence) (fence, error) {
		if f.Boot == c.boot {
			f.Boot = ""
		}
		return f, c.writeFence(f)
	})
	return err
}

// Claim grants or refuses a claim. A refusal wraps vote.ErrFenced; the grant tells then too what the node holds.
func (c *Copy) Claim(claim vote.Claim) (Grant, error) {
	return c.locked(func(f fence) (fence, error) {
		if err := c.rules.claim(c.holding(f), claim); err != nil {
			return f, err
		}
		granted := f
		granted.Master, granted.Floor, granted.Reign = claim.From, claim.Floor, claim.Reign
		if err := c.writeFence(granted); err != nil {
			return f, fmt.Errorf("granting the claim of %s: %w", claim.From, err)
		}
		return granted, nil
	})
}

// Holding returns what the node holds.
func (c *Copy) Holding() (Grant, error) {
	return c.locked(func(f fence) (fence, error) { return f, nil })
}

// locked runs a step under the lock of the write, and returns what the node holds after it.
func (c *Copy) locked(step func(fence) (fence, error)) (Grant, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	unlock, err := c.disk.Lock()
	if err != nil {
		return Grant{}, err
	}
	defer unlock()
	if err := c.look(); err != nil {
		return Grant{}, err
	}
	f, err := readFence(c.disk, c.boot)
	if err != nil {
		return Grant{}, err
	}
	f, err = step(f)
	return Grant{c.holding(f), f.Sets}, err
}

func (c *Copy) holding(f fence) vote.Holding {
	return vote.Holding{
		Master: f.Master, Floor: f.Floor, Reign: f.Reign, Serial: c.serial, Digest: c.digest, Left: f.Left, Torn: c.torn || f.Boot == tornBoot,
		Boot: c.boot, Rebooted: f.Boot != "" && f.Boot != c.boot,
	}
}

// look learns the serial and the digest of config.data, if it is another file than last time.
func (c *Copy) look() error {
	identity, err := c.disk.Identity(configFile)
	if errors.Is(err, fs.ErrNotExist) {
		c.identity, c.serial, c.digest, c.torn = "", 0, "", false
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at %s: %w", configFile, err)
	}
	if identity == c.identity {
		return nil
	}
	data, err := c.disk.ReadFile(configFile)
	if err != nil {
		return fmt.Errorf("reading %s: %w", configFile, err)
	}
	serial, err := serialOf(data)
	c.torn = err != nil
	c.identity, c.serial, c.digest = identity, serial, Digest(data)
	if c.torn {
		c.serial = 0 // it can be replaced, but not tell what it knew
	}
	return nil
}

// Digest returns the digest of a configuration's bytes: lower-case hexadecimal SHA-512/256, which is the fastest of the standard
// library's where the processor has no instructions for others.
func Digest(data []byte) string {
	sum := sha512.Sum512_256(data)
	return hex.EncodeToString(sum[:])
}

// serialOf reads a configuration's serial number, and all the rest to see that it is one.
func serialOf(data []byte) (int64, error) {
	var top topSerial
	err := config.Walk(bytes.NewReader(data), &top)
	return int64(top), err
}

type topSerial int64

func (s *topSerial) Top(name string, text []byte) (err error) {
	if name == "serial_no" {
		*(*int64)(s), err = strconv.ParseInt(string(text), 10, 64)
	}
	return err
}

func (s *topSerial) Object(*config.Object) error { return nil }

// Push takes a version, or refuses it as vote.Holding.Push does. When it returns nil the version is durable here. An error
// that wraps ErrUnknown means that it may or may not last; any other that nothing has changed.
func (c *Copy) Push(p *Push) error {
	if Digest(p.Data) != p.Digest {
		return fmt.Errorf("push of serial %d by %s: %w", p.Serial, p.From, ErrDigest)
	}
	return c.pushWhole(p)
}

// pushWhole takes a version whose digest is known to be right.
func (c *Copy) pushWhole(p *Push) error {
	_, err := c.locked(func(f fence) (fence, error) {
		if err := c.rules.push(c.holding(f), p.Push); err != nil {
			return f, err
		}
		if err := c.take(f, p); err != nil {
			return f, fmt.Errorf("serial %d: %w", p.Serial, err)
		}
		return f, nil
	})
	return err
}

// take writes the parts of a push, each before what relies on it: who has to agree, the config, that it is complete.
func (c *Copy) take(f fence, p *Push) error {
	before := f
	before.Sets, before.Left = p.Sets, false
	if before.Boot == "" {
		before.Boot = c.boot
	}
	if !before.equal(f) || c.unsynced {
		if err := c.writeFence(before); err != nil {
			return err
		}
	}
	if err := c.writeConfig(p); err != nil {
		return err
	}
	if p.Vouch && before.Boot != c.boot {
		before.Boot = c.boot
		return c.writeFence(before)
	}
	return nil
}

func (f fence) equal(other fence) bool {
	return f.Sets.Equal(other.Sets) && f.Left == other.Left && f.Boot == other.Boot
}

func (c *Copy) writeConfig(p *Push) error {
	renamed := false
	if p.Serial != c.serial || p.Digest != c.digest || c.unsynced {
		if err := replace(c.disk, configFile, p.Data, configMode); err != nil {
			return err
		}
		renamed = true
	}
	wrote, err := c.writeSsconf(p.Ssconf)
	if renamed || wrote {
		if failed := c.sync(); err == nil {
			err = failed
		}
	}
	if err != nil && renamed {
		c.identity = "" // look again: what is there is what would be read
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	if err != nil {
		return err
	}
	if renamed {
		if c.identity, err = c.disk.Identity(configFile); err != nil {
			return fmt.Errorf("%w: %w", ErrUnknown, err)
		}
		c.serial, c.digest, c.torn = p.Serial, p.Digest, false
	}
	return nil
}

// writeSsconf replaces the files whose content changes.
func (c *Copy) writeSsconf(values map[ssconf.Key]string) (wrote bool, err error) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err := ssconf.CheckKeys(key); err != nil {
			return wrote, err
		}
		content := []byte(values[key])
		if len(content) > ssconf.MaxSize {
			return wrote, fmt.Errorf("ssconf file %s: %w", key.FileName(), ssconf.ErrTooLarge)
		}
		if have, err := c.disk.ReadFile(key.FileName()); err == nil && bytes.Equal(have, content) {
			continue
		}
		if err := replace(c.disk, key.FileName(), content, ssconf.FileMode); err != nil {
			return wrote, err
		}
		wrote = true
	}
	return wrote, nil
}

func (c *Copy) writeFence(f fence) error {
	f.Format = fenceFormat
	if err := replace(c.disk, FenceFile, f.text(), fenceMode); err != nil {
		return fmt.Errorf("writing the fence: %w", err)
	}
	if err := c.sync(); err != nil {
		return fmt.Errorf("writing the fence: %w", err)
	}
	return nil
}

// sync syncs the directory. Once that failed, another that succeeds shows nothing about what came before.
func (c *Copy) sync() error {
	err := c.disk.Sync()
	c.unsynced = err != nil
	return err
}

// Fetch returns config.data, for a new master that has less.
func (c *Copy) Fetch() ([]byte, error) {
	data, err := c.disk.ReadFile(configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoConfig
	}
	return data, err
}

// Remove removes config.data from a node that is no candidate any more. It must be called only when the config that says so is
// committed.
func (c *Copy) Remove() error {
	_, err := c.locked(func(f fence) (fence, error) {
		f.Left = true
		if err := c.writeFence(f); err != nil {
			return f, err
		}
		if err := c.disk.Remove(configFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return f, fmt.Errorf("removing %s: %w", configFile, err)
		}
		c.identity, c.serial, c.digest = "", 0, ""
		return f, c.sync()
	})
	return err
}
