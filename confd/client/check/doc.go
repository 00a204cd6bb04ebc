// Package check asks every confd of a cluster everything and finds what they answer differently.
//
// A client that asks two candidates and hears two things stops what it was about to do, or does the wrong thing: a node that
// is told that it is offline stops its virtual machines. So all candidates have to answer the same, the order of lists included.
//
// [Run] asks all peers what fits a datagram and lists what there is: the cluster, its nodes, instances, networks and so on. From their answers it
// makes further queries of every type, about every node, instance, disk, link and address that any of them knows, and compares what comes
// back. Because a change reaches the candidates one after the other, what differs is asked again after a while; only what differs still is
// reported.
package check
