package daemon

// Exit codes of Ganeti's daemons and tools.
const (
	ExitSuccess    = 0
	ExitFailure    = 1
	ExitNotCluster = 5  // this machine is not part of a cluster
	ExitNotMaster  = 11 // this node is not the master
	ExitNodeSetup  = 12 // this node is not set up
)

// An ExitError is an error that asks for an exit code other than ExitFailure.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }
func (e *ExitError) Unwrap() error { return e.Err }
