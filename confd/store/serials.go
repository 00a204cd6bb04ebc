package store

import "gantry/confd/config"

// stamped returns the text of an object that was changed, or is new: its serial number is one more than before, and its time
// of change is now.
func stamped(kind config.Kind, before, text []byte, now config.Time) ([]byte, error) {
	switch kind {
	case config.KindCluster:
		return stampedAs(before, text, now, func(o *config.Cluster) stamp { return stamp{&o.SerialNo, &o.Ctime, &o.Mtime} })
	case config.KindNode:
		return stampedAs(before, text, now, func(o *config.Node) stamp { return stamp{&o.SerialNo, &o.Ctime, &o.Mtime} })
	case config.KindGroup:
		return stampedAs(before, text, now, func(o *config.Group) stamp { return stamp{&o.SerialNo, &o.Ctime, &o.Mtime} })
	case config.KindInstance:
		return stampedAs(before, text, now, func(o *config.Instance) stamp { return stamp{&o.SerialNo, &o.Ctime, &o.Mtime} })
	case config.KindNetwork:
		return stampedAs(before, text, now, func(o *config.Network) stamp { return stamp{&o.SerialNo, &o.Ctime, &o.Mtime} })
	case config.KindDisk:
		return stampedAs(before, text, now, func(o *config.Disk) stamp { return stamp{&o.SerialNo, &o.Ctime, &o.Mtime} })
	}
	return text, nil // filter rules have neither
}

// A stamp is where an object has its serial number and times.
type stamp struct {
	serial       *int64
	ctime, mtime *config.Time
}

func stampedAs[T config.Typed](before, text []byte, now config.Time, of func(*T) stamp) ([]byte, error) {
	object, err := config.Decode[T](text)
	if err != nil {
		return nil, err
	}
	s := of(object)
	if before == nil {
		*s.serial, *s.ctime, *s.mtime = 1, now, now
		return config.Encode(object)
	}
	old, err := config.Decode[T](before)
	if err != nil {
		return nil, err
	}
	was := of(old)
	*s.serial, *s.ctime, *s.mtime = *was.serial+1, *was.ctime, now
	return config.Encode(object)
}

// raisesCluster reports whether a change of an object raises the cluster's serial number too, as the reference's does: every
// change of a node; a group, a network that comes or goes; an instance or a disk that goes; an instance that is renamed.
func raisesCluster(kind config.Kind, before, after []byte) bool {
	comes, goes := before == nil, after == nil
	switch kind {
	case config.KindNode:
		return true
	case config.KindGroup, config.KindNetwork:
		return comes || goes
	case config.KindInstance:
		return goes || !comes && string(config.Lookup(before, []byte("name"))) != string(config.Lookup(after, []byte("name")))
	case config.KindDisk:
		return goes
	}
	return false
}
