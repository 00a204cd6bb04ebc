//go:build linux && !cgo

package daemon

const setsNoNewPrivileges = true
