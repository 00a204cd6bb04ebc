// Package client asks confd servers: what a cluster's nodes are, where its instances run, and whatever else its config holds.
//
// There are three ways to ask:
//
//   - [Client.SendRequest] sends one request to several peers and has a [Callback] told of what comes back and, in the end, of the
//     expiration. It is the interface of Ganeti's own library; [FilterCallback], [CountingCallback] and [StoreResultCallback] go in front of a
//     callback, or in its place.
//   - [Client.Query] asks until enough peers have answered, and returns the best answer.
//   - [Client.Batch] asks many queries with few system calls.
//
// A [Client] has one UDP socket and two goroutines, which go with [Client.Close]. All its methods may be called from any number of goroutines
// at once, and so may those of the three callbacks; a Callback is called for one [Upcall] at a time. Requests and replies are read-only
// once they are handed over.
//
// # What is believed
//
// A reply is believed if it is signed with the cluster's key and its salt is that of an outstanding request. Where it comes from doesn't matter:
// a server with several addresses may answer from another one than it was asked at. Query and Batch give every peer, or every query, a salt of
// its own, so that nobody can have one server's answer count as another's by playing it back.
//
// # The counterparts of Ganeti's library
//
// The names of ganeti.confd.client, and what they are here:
//
//	CONFD_UPCALL_TYPES                  UpcallTypes
//	UPCALL_REPLY, UPCALL_EXPIRE         UpcallReply, UpcallExpire
//	ConfdAsyncUDPClient                 Conn; its implementation for UDP is made by New
//	  handle_datagram                   Client.HandleResponse
//	  enqueue_send, handle_write        Conn.Send
//	  handle_read, process_next_packet  Conn.Receive
//	ConfdClient                         Client
//	  __init__                          New, Config
//	  hmac_key, peers, callback, logger Config.Key, .Peers, .Callback, .Logger
//	  port                              the peers' own: see PeersAt and ServicePort
//	  UpdatePeerList                    Client.UpdatePeerList; Client.RefreshPeers asks the PeerSource
//	  _SetPeersAddressFamily            done by New and UpdatePeerList; Client.IPv6 tells it
//	  SendRequest                       Client.SendRequest
//	    args, coverage, async_          SendOptions.Args, .Coverage, .Sync (its opposite)
//	    coverage 0, -1                  CoverageDefault, CoverageAll
//	  HandleResponse                    Client.HandleResponse
//	  ExpireRequests                    Client.ExpireRequests; also happens by itself
//	  FlushSendQueue                    Client.FlushSendQueue
//	  ReceiveReply                      Client.ReceiveReply
//	  WaitForReply                      Client.WaitForReply
//	  _NeededReplies                    NeededReplies
//	  _PackRequest, _UnpackReply        wire.AppendRequest, wire.ReplyParser
//	_Request                            unexported; Client.Outstanding counts them
//	ConfdClientRequest                  Request, NewRequest, and a function for each type: Ping, NodeRole, ...
//	  type, query, rsalt                Request.Type, .Query, .RSalt; protocol is always wire.Protocol
//	ConfdUpcallPayload                  Upcall
//	  salt, type, orig_request          Upcall.Salt, .Type, .Request
//	  server_reply                      Upcall.Reply
//	  server_ip, server_port            Upcall.Server
//	  extra_args, client                Upcall.Args, .Client
//	objects.ConfdReply                  Reply; its methods read the answers of each type
//	ConfdFilterCallback                 FilterCallback
//	  __call__                          FilterCallback.Upcall
//	  consistent                        FilterCallback.Consistent
//	ConfdCountingCallback               CountingCallback
//	  RegisterQuery, AllAnswered        CountingCallback.RegisterQuery, .AllAnswered
//	StoreResultCallback                 StoreResultCallback
//	  GetResponse                       StoreResultCallback.GetResponse
//	GetConfdClient                      ForNode, whose peers are a DataDir
//	CONFD_DEFAULT_REQ_COVERAGE          DefaultCoverage
//	CONFD_CLIENT_EXPIRE_TIMEOUT         ExpireTimeout
//	errors.ConfdClientError             ErrCoverage, ErrMissingSalt, ErrDuplicateSalt, ErrInvalidType, ErrRequestTooBig, ErrNoPeers, ErrMixedFamilies
//
// And those of its Haskell library (Ganeti.Confd.Client, Ganeti.Confd.ClientFunctions):
//
//	getConfdClient                      ForNode
//	query                               Client.Query with CoverageAll
//	getInstances, getDisks              NodeInstances and Reply.Instances, InstanceDisks and Reply.Disks
//	getInstanceDisks                    the same, as a Batch
package client
