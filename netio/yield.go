package netio

import _ "unsafe" // for go:linkname

// yield lets those goroutines run that wait for this processor, and returns at once
// if there are none. Unlike runtime.Gosched it wakes no other thread to look for
// work that isn't there. The runtime keeps the function for packages like this one
// (go.dev/issue/67401).
//
//go:linkname yield runtime.goyield
func yield()
