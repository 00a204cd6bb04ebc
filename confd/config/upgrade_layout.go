package config

import (
	"fmt"
	"strconv"
	"strings"
)

// A Layout is the version of Ganeti that a config.data is shaped for, as the file's version member encodes it without the
// revision: major*1,000,000 + minor*10,000. Layouts compare as their versions do.
type Layout int

// The layouts at which something moved. Each is the first version that has it.
const (
	layoutFirst        Layout = 2000000
	layoutTimes        Layout = 2010000 // uuid, ctime and mtime on objects; nicparams
	layoutOSParams     Layout = 2020000
	layoutGroups       Layout = 2030000 // node groups
	layoutNDParams     Layout = 2040000
	layoutSharedFile   Layout = 2050000
	layoutAdminState   Layout = 2060000 // admin_state, minmem and maxmem, instance policies, disk parameters
	layoutNetworks     Layout = 2070000
	layoutNICNames     Layout = 2080000 // names and uuids of NICs and disks; policies as lists
	layoutUUIDKeys     Layout = 2090000 // nodes and instances are keyed and referred to by uuid; disk types plain and drbd
	layoutNoPhysicalID Layout = 2100000
	layoutAdminSource  Layout = 2110000
	layoutTopDisks     Layout = 2120000 // disks in a container of their own
	layoutFilters      Layout = 2130000
	layoutDiskNodes    Layout = 2140000 // disks name their nodes; instances have no disk_template; forthcoming objects
	layoutXenCollector Layout = 2150000
	layoutSSHKeyType   Layout = 2160000
	layoutMaintenance  Layout = 2170000 // the only one with a maintenance object
	layoutCurrent      Layout = 3000000
	layoutLast         Layout = 3010000
)

// minorBase and majorBase are the weights of the parts of a version number.
const (
	majorBase = 1_000_000
	minorBase = 10_000
)

// layoutOf drops the revision from a file's version number, and reports whether the layout is one that Upgrade reads.
func layoutOf(version int) (l Layout, known bool) {
	l = Layout(version - version%minorBase)
	return l, l >= layoutFirst && l <= layoutMaintenance || l == layoutCurrent || l == layoutLast
}

// parseLayout reads "2.4".
func parseLayout(text string) (Layout, error) {
	major, minor, found := strings.Cut(text, ".")
	if x, err := strconv.Atoi(major); found && err == nil {
		if y, err := strconv.Atoi(minor); err == nil && y >= 0 && y < majorBase/minorBase {
			if l, known := layoutOf(x*majorBase + y*minorBase); known {
				return l, nil
			}
		}
	}
	return 0, fmt.Errorf("layout %q: must be 2.0 to 2.17, 3.0 or 3.1", text)
}

// String returns the layout as people write it, "2.4".
func (l Layout) String() string {
	return fmt.Sprintf("%d.%d", int(l)/majorBase, int(l)%majorBase/minorBase)
}
