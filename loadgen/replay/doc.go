// Package replay sends the confd requests of a capture again, and compares the
// answers of today with those in the capture.
//
// [Run] reads the capture once, from front to back, whatever its length: a request
// is sent when its time has come, and waits in a table of bounded size until both
// its answers are there, the captured one and the one of today. As a server refuses
// what is older than five minutes, every request is signed anew, with the time of
// sending; and unless Options.KeepRSalt is set it gets another rsalt, so that no two
// requests under way share one.
//
// [List] says what a capture holds.
//
// Both may be called several times at once.
package replay
