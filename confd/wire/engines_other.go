//go:build !amd64

package wire

// engines returns those that this CPU has.
func engines() []*laneEngine {
	return []*laneEngine{serial}
}

func (e *laneEngine) hash(*laneStates, *[maxLanes]*byte, int) {
	panic("wire: there are no lanes")
}
