// Package bench measures Gantry beside its peers.
//
// A [Scenario] starts the processes it needs, each pinned to a core, puts load
// on them in turn (A B A B …, so that whatever else the machine does hits all of
// them), and reports medians with the smallest and the largest value. A ratio is
// formed pair by pair, of runs that followed each other, since the speed of a
// shared machine drifts more between minutes than between seconds.
//
// The load comes from gantry load in a process of its own, which checks every
// reply (at peaks the signatures of a sample only). In a closed loop, for peaks, a
// run with a wrong or missing answer fails the scenario; at a fixed rate, for
// latencies, missing answers are counted. A rate is only reported together with
// how busy the generator was: above 70 % of its core the report says that the
// generator was the limit, not the server.
//
// [Lab.Run] writes a report in Markdown and draws each [Plot] as SVG. What needs a
// peer that isn't installed is left out with a line that says so. When its context
// is done it ends what it started, and returns within about a second.
//
// A Lab is for one Run at a time.
package bench
