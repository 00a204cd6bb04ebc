package daemon

import (
	"net"
	"net/http"
	"net/http/pprof"
)

// addProfiles serves the Go runtime's profiles, if only this machine can ask for
// them: they show what is in memory, and taking them costs time.
func addProfiles(mux *http.ServeMux, listening net.Addr) {
	address, ok := listening.(*net.TCPAddr)
	if !ok || !address.IP.IsLoopback() {
		return
	}
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}
