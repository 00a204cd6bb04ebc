// Package daemon is what every daemon of Gantry needs around its own work: a
// PID file that keeps a second instance out, detaching from the terminal,
// giving up root, signals, logs, systemd's notifications, and one HTTP
// listener for metrics, health and whatever status pages the daemon adds.
//
// A daemon hands Run its Options and a function:
//
//	options := daemon.Options{Identity: daemon.Confd, Dirs: dirs, Version: version}
//	options.AddFlags(command.Flags())
//	…
//	return daemon.Run(ctx, options, func(ctx context.Context, env *daemon.Env) error {
//		server, err := confd.New(env.Log, …) // still with the rights it was started with
//		if err != nil {
//			return err
//		}
//		if err := env.Ready(); err != nil { // root is given up, the parent may leave
//			return err
//		}
//		return server.Run(ctx) // until ctx is done
//	})
//
// Order of a start, each step a condition of the next: user check, log file,
// PID lock, signals, HTTP listener, the daemon's function, the drop of root,
// readiness. The PID lock comes before any socket: sockets that share a port
// would otherwise take datagrams from the instance that already runs.
//
// What is the process's own and not a value's is touched by Run alone: signal
// handling, the umask and working directory of a detached process, user and
// group, the process's name, the output of crashes. So Run is called once, and
// not beside another Run in one process. The methods of Env may be called from
// several goroutines.
package daemon
