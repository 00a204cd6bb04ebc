package config

import (
	"fmt"
	"slices"
)

type diskFacts struct {
	subject // labelled only once an instance turns out to have it
	ivName  string
	devType string
	drbd    *DRBD
	volumes []string // logical volumes, of the disk and its children
	nodes   []string
}

func (d *diskFacts) read(disk *Disk) {
	d.identity("", disk.UUID)
	d.serial(disk.SerialNo)
	d.ivName, d.devType, d.drbd, d.nodes = disk.IVName, disk.DevType, disk.LogicalID.DRBD, disk.Nodes
	d.addVolumes(disk)
	if d.devType != "drbd" || d.drbd == nil {
		return
	}
	if d.drbd.NodeA == d.drbd.NodeB {
		d.warn("both sides of DRBD are on node %s", d.drbd.NodeA)
	}
	if n := len(disk.Children); n != 2 {
		d.warn("a DRBD disk has two children, data and metadata: this one has %d", n)
	}
}

func (d *diskFacts) addVolumes(disk *Disk) {
	if disk.DevType == "plain" {
		d.volumes = append(d.volumes, disk.LogicalID.Pair[0]+"/"+disk.LogicalID.Pair[1])
	}
	for i := range disk.Children {
		d.addVolumes(&disk.Children[i])
	}
}

func (v *validator) checkDisk(d *diskFacts) {
	// A volume group's name is the same on all nodes, and so is a mirror's volume on both sides: names are compared by cluster.
	for _, volume := range d.volumes {
		v.unique(&d.subject, "logical volume", volume, "")
	}
	if d.devType != "" && !slices.Contains(v.cluster.EnabledDiskTemplates, d.devType) {
		d.warn("disk template %s isn't enabled", d.devType)
	}
	for _, node := range d.nodes {
		if v.nodes[node] == nil {
			d.warn("nodes names no node: %s", node)
		}
	}
	if d.drbd == nil {
		return
	}
	v.claimPort(&d.subject, d.drbd.Port, "")
	v.checkSide(d, d.drbd.NodeA, d.drbd.MinorA)
	v.checkSide(d, d.drbd.NodeB, d.drbd.MinorB)
}

// checkSide checks one of the two nodes of a DRBD disk.
func (v *validator) checkSide(d *diskFacts, node string, minor int64) {
	n := v.nodes[node]
	if n == nil {
		d.fail("logical_id names no node: %s", node)
		return
	}
	v.unique(&d.subject, "DRBD minor on "+n.name(), fmt.Sprint(minor), "")
}
