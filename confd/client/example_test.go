package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"time"

	"gantry/confd/client"
	"gantry/confd/client/clienttest"
	"gantry/confd/wire"
)

// exampleServer stands in for a cluster's confds.
func exampleServer() (*clienttest.Network, client.StaticPeers) {
	answers := map[wire.Type]clienttest.Reply{
		wire.ReqPing:          {Answer: "3000000"},
		wire.ReqClusterMaster: {Answer: `"node1.example.com"`, Serial: 7},
		wire.ReqNodeRole:      {Answer: "1", Serial: 7},
	}
	answer := func(r *wire.Request) (clienttest.Reply, bool) {
		if string(r.Plain) == "node9" {
			return clienttest.Reply{Status: 1, Answer: `"Node name node9 not found (ECodeNoEnt)"`}, true
		}
		return answers[r.Type], true
	}
	peers := addrs("192.0.2.1:1814", "192.0.2.2:1814")
	servers := make(map[netip.AddrPort]*clienttest.Server)
	for _, peer := range peers {
		servers[peer] = &clienttest.Server{Answer: answer}
	}
	return clienttest.NewNetwork(servers), peers
}

// Asks for a node's role, as most of those who know it say. On a node of the cluster, ForNode would find the key and the peers by itself.
func ExampleClient_Query() {
	network, peers := exampleServer()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := client.New(ctx, client.Config{Key: clienttest.Key, Peers: peers, Open: network.Open})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for _, node := range []string{"node2", "node9"} {
		answer, err := c.Query(ctx, client.NodeRole(node), client.CoverageDefault)
		if err != nil {
			log.Fatal(err) // nobody answered
		}
		role, err := answer.Role()
		switch {
		case errors.Is(err, client.ErrUnknownEntry):
			fmt.Println(node, "isn't in the cluster")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(node, "is a candidate:", role == wire.RoleCandidate, "- by", answer.Answered, "answers that agree:", answer.Consistent)
		}
	}
	// Output:
	// node2 is a candidate: true - by 2 answers that agree: true
	// node9 isn't in the cluster
}

// Sends a request to all peers and hears of news only: a second answer that says the same is kept back.
func ExampleClient_SendRequest() {
	network, peers := exampleServer()
	news := make(chan *client.Upcall, 1)
	filter := client.NewFilterCallback(func(up *client.Upcall) {
		if up.Type == client.UpcallReply {
			news <- up
		}
	}, nil)
	c, err := client.New(context.Background(), client.Config{Key: clienttest.Key, Peers: peers, Callback: filter.Upcall, Open: network.Open})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	if err := c.SendRequest(client.Master(), client.SendOptions{Coverage: client.CoverageAll}); err != nil {
		log.Fatal(err)
	}
	up := <-news
	master, err := up.Reply.Master()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(master, "at serial", up.Reply.Serial)
	// Output: node1.example.com at serial 7
}

// Asks many questions at once.
func ExampleClient_Batch() {
	network, peers := exampleServer()
	ctx := context.Background()
	c, err := client.New(ctx, client.Config{Key: clienttest.Key, Peers: peers, Open: network.Open})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	requests := []*client.Request{client.Ping(), client.Master(), client.NodeRole("node9")}
	results, err := c.Batch(ctx, requests, client.BatchOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for i, result := range results {
		if result.Err == nil {
			result.Err = result.Reply.Err()
		}
		fmt.Printf("%d: %s %v\n", i, result.Reply.Answer, result.Err)
	}
	// Output:
	// 0: 3000000 <nil>
	// 1: "node1.example.com" <nil>
	// 2: "Node name node9 not found (ECodeNoEnt)" server says: Node name node9 not found (ECodeNoEnt)
}
