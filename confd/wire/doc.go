// Package wire reads and writes the datagrams of the confd protocol: requests and replies, signed with HMAC-SHA1 under a cluster's key. It
// does no I/O, has no clock of its own and allocates nothing once its memory has grown to the load.
//
// A datagram is the magic and one JSON object of three strings: the message, its salt, and the MAC of both. The message is JSON again. A
// request's salt is the time of sending; a reply's salt is the rsalt of its request.
//
// [Parser] and [Sealer] are the server's side, [Signer] and [ReplyParser] the client's. All four work on batches, in columns, so that the
// MACs of a batch are computed side by side. Each belongs to one goroutine; a [Key] and a [Keyring] may be shared.
//
// What is a valid request is what Ganeti's own server takes for one; docs/differences lists the exceptions. Two readers decide it: a scanner
// that knows what the known clients write and nothing else, and the general reader, which parses any JSON with fastjson and is the full rule
// book.
package wire
