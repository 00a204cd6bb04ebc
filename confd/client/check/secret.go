package check

import "strings"

// secret says whether the value at a path, or a part of it, is one that the config keeps secret: private OS parameters, and the shared secret of
// a DRBD disk, which is in its logical_id.
func secret(path string) bool {
	return strings.Contains(path, "/osparams_private") || strings.Contains(path, "/logical_id")
}
