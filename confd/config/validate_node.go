package config

type nodeFacts struct {
	subject
	group, primaryIP, secondaryIP                               string
	MasterCandidate, Offline, Drained, MasterCapable, VMCapable bool
}

func (n *nodeFacts) read(node *Node) {
	n.identity(node.Name, node.UUID)
	n.serial(node.SerialNo)
	n.subject.tags(node.Tags)
	n.group, n.primaryIP, n.secondaryIP = node.Group, node.PrimaryIP, node.SecondaryIP
	n.MasterCandidate, n.Offline, n.Drained = node.MasterCandidate, node.Offline, node.Drained
	n.MasterCapable, n.VMCapable = node.MasterCapable, node.VMCapable
	if count(n.MasterCandidate, n.Offline, n.Drained) > 1 {
		n.fail("only one may be true of master_candidate (%t), offline (%t) and drained (%t)", n.MasterCandidate, n.Offline, n.Drained)
	}
	if node.NDParams.ExclusiveStorage != nil {
		n.fail("ndparams have exclusive_storage, which single nodes don't have")
	}
}

func count(flags ...bool) (n int) {
	for _, flag := range flags {
		if flag {
			n++
		}
	}
	return n
}

func (v *validator) checkNode(n *nodeFacts) {
	v.unique(&n.subject, "node name", n.label, "")
	if v.groups[n.group] == nil {
		n.fail("group names no node group: %s", n.group)
	}
	v.unique(&n.subject, "IP address", n.primaryIP, "primary_ip: ")
	if n.secondaryIP != n.primaryIP {
		v.unique(&n.subject, "IP address", n.secondaryIP, "secondary_ip: ")
	}
}
