package registry

import (
	"net/netip"

	"gantry/confd/conscience/score"
)

// Names of tags that the registry reads or makes.
const (
	TagUp        = "tag.up"
	TagLocation  = "tag.loc"
	TagServiceID = "tag.service_id"
	TagSlots     = "tag.slots"
	TagLock      = "tag.lock"    // both scores are locked
	TagPutLock   = "tag.putlock" // made, never taken from a registration
	TagGetLock   = "tag.getlock"
	tagFirst     = "tag.1" // the reference's own mark of a first registration
)

// A Tag is something that a service says of itself. Names begin with "tag." or "stat.".
type Tag struct {
	Name  string
	Value score.Value
}

// A Score is how much a service is to be used: 0 not at all, 100 gladly, -1 not known yet. A locked one was set by hand.
type Score struct {
	Value  int
	Locked bool
}

// A Record is what is known of a service at some time. It is never changed: a service that registers again gets a new one.
type Record struct {
	Type    string
	Address netip.AddrPort
	ID      string // the text of its tag.service_id, empty if it has none
	Put     Score  // for writing to it
	Get     Score  // for reading from it
	Tags    []Tag  // in the order in which they first came, without those of the locks; not to be changed

	RefreshedAt int64 // when tags last came with a registration: seconds since 1970, 0 for never
	LockedAt    int64 // when a lock was last set or taken: microseconds since 1970, 0 for never
}

// Key is what the service is called within its type: its ID or, without one, its address.
func (r *Record) Key() string {
	if r.ID != "" {
		return r.ID
	}
	return r.Address.String()
}

// Tag returns a tag by its name. The locks have tags, too.
func (r *Record) Tag(name string) (score.Value, bool) {
	switch name {
	case TagLock:
		return score.Bool(r.Put.Locked && r.Get.Locked), true
	case TagPutLock:
		return score.Bool(r.Put.Locked), true
	case TagGetLock:
		return score.Bool(r.Get.Locked), true
	}
	for i := range r.Tags {
		if r.Tags[i].Name == name {
			return r.Tags[i].Value, true
		}
	}
	return score.Value{}, false
}

// Location is where the service says it stands or, if it doesn't, what its address tells of it.
func (r *Record) Location() score.Location {
	if value, ok := r.Tag(TagLocation); ok {
		return score.ParseLocation(string(value.AppendText(nil)))
	}
	return score.AddressLocation(r.Address)
}

// live says whether expiry would take something from the service.
func (r *Record) live() bool {
	return r.Put.Value > score.Min && !r.Put.Locked || r.Get.Value > score.Min && !r.Get.Locked
}

// with returns a copy that has the tags on top of its own. Tags that the registry makes are left out.
func (r *Record) with(tags []Tag, replace bool) *Record {
	changed := *r
	if replace && len(tags) > 0 {
		changed.Tags = nil
	}
	merged := make([]Tag, len(changed.Tags), max(len(changed.Tags), len(tags)))
	copy(merged, changed.Tags)
	for _, tag := range tags {
		if made(tag.Name) {
			continue
		}
		merged = put(merged, tag)
	}
	changed.Tags = merged
	return &changed
}

func made(name string) bool {
	return name == TagLock || name == TagPutLock || name == TagGetLock || name == tagFirst
}

// put sets a tag among others.
func put(tags []Tag, tag Tag) []Tag {
	for i := range tags {
		if tags[i].Name == tag.Name {
			tags[i].Value = tag.Value
			return tags
		}
	}
	return append(tags, tag)
}
