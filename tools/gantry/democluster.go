package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"gantry/confd/config"
	"gantry/confd/paths"
)

// The size of a demo's cluster: enough to have all that can be asked about.
const (
	demoNodes     = 20
	demoInstances = 1000
)

// A demoCluster is the config of a demo.
type demoCluster struct {
	path     string
	document *config.Document

	node     string // the name of one
	instance string // the UUID of one that has disks and an address
	address  string
}

// inventCluster writes a config and a key, and returns the config's size.
func inventCluster(dirs paths.Dirs) (*demoCluster, int64, error) {
	if err := os.MkdirAll(dirs.Data, 0o755); err != nil {
		return nil, 0, err
	}
	file, err := os.Create(dirs.Config())
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	if err := config.Generate(file, config.GenerateOptions{Nodes: demoNodes, Instances: demoInstances, Seed: 1}); err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	if err := os.WriteFile(dirs.HMACKey(), []byte(rand.Text()+"\n"), 0o600); err != nil {
		return nil, 0, err
	}
	c := &demoCluster{path: dirs.Config()}
	if c.document, err = config.ReadFile(c.path); err != nil {
		return nil, 0, err
	}
	return c, info.Size(), c.choose()
}

// choose picks whom the demo asks about.
func (c *demoCluster) choose() error {
	for key := range c.document.All(config.KindInstance) {
		instance, err := config.Load[config.Instance](c.document, key)
		if err != nil {
			return err
		}
		if len(instance.Disks) == 0 || len(instance.NICs) == 0 || instance.NICs[0].IP == nil {
			continue
		}
		node, err := config.Load[config.Node](c.document, instance.PrimaryNode)
		if err != nil {
			return err
		}
		c.instance, c.address, c.node = key, *instance.NICs[0].IP, node.Name
		return nil
	}
	return errors.New("no instance has a disk and an address")
}

// move has the chosen instance run on another node, writes the config as
// Ganeti does, by rename, and returns that node's name and address.
func (c *demoCluster) move() (name, address string, err error) {
	instance, err := config.Load[config.Instance](c.document, c.instance)
	if err != nil {
		return "", "", err
	}
	for key := range c.document.All(config.KindNode) {
		if key == instance.PrimaryNode {
			continue
		}
		node, err := config.Load[config.Node](c.document, key)
		if err != nil {
			return "", "", err
		}
		instance.PrimaryNode = key
		instance.SerialNo++
		c.document.SerialNo++
		if err := config.Store(c.document, c.instance, instance); err != nil {
			return "", "", err
		}
		return node.Name, node.PrimaryIP, c.write()
	}
	return "", "", fmt.Errorf("instance %s has nowhere to go", c.instance)
}

func (c *demoCluster) write() error { return config.WriteFile(c.path, c.document, 0o600) }

// tear leaves half a config, as a disk that ran full would.
func (c *demoCluster) tear() error {
	info, err := os.Stat(c.path)
	if err != nil {
		return err
	}
	return os.Truncate(c.path, info.Size()/2)
}
