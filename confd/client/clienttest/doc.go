// Package clienttest holds confd servers for tests of clients. They take requests apart and sign replies as the real server does (through
// package wire), but their answers are a table's, and they can lose, delay, repeat and misplace replies.
//
// A [Network] carries datagrams in memory, and so can run in a bubble of testing/synctest; [Server.Listen] serves on a real loopback socket.
package clienttest
