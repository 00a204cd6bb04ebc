// Package bench measures Gantry beside its peers.
//
// A [Scenario] starts the processes it needs, each pinned to a core, puts load
// on them in turn (A B A B …, so that whatever else the machine does hits all of
// them), and reports medians with the smallest and the largest value. A ratio is
// formed pair by pair, of runs that followed each other, since the speed of a
// shared machine drifts more between minutes than between seconds.
//
// The load comes from gantry load in a process of its own, which checks every
// reply (at peaks the signatures of a sample only); a run with a wrong or missing
// answer fails the scenario. A rate is
// only reported together with how busy the generator was: near 100 % the
// generator was measured, not the server.
package bench
