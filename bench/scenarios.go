package bench

import "time"

// Scenarios are all there are, in the order of a report.
func Scenarios() []Scenario {
	return []Scenario{
		{
			Name:   "peak",
			About:  "Answers a second on one core: the mix of queries, 1,000 instances, beside an echo with the same sockets and batches; plain and with " + coalesce + " requests coalesced.",
			Length: 2 * time.Second, Quick: 300 * time.Millisecond, run: peak,
		},
		{
			Name:   "types",
			About:  "Answers a second by type of request, and of two mixes: the standard one, and all types in two spellings; 100 instances, plain and with " + coalesce + " requests coalesced.",
			Length: 400 * time.Millisecond, Quick: 200 * time.Millisecond, run: types,
		},
		{
			Name:   "reference",
			About:  "The same mix from Gantry and from ganeti-confd, 1,000 instances, each on one core.",
			Needs:  ganetiConfdPeer.name,
			Peers:  true,
			Length: 2 * time.Second, Quick: 500 * time.Millisecond, run: reference,
		},
		{
			Name:   "size",
			About:  "Answers a second by size of the config, beside ganeti-confd where it is installed.",
			Length: time.Second, Quick: 300 * time.Millisecond, run: size,
		},
		{
			Name:   "latency",
			About:  "How long answers take at a fixed rate of requests, 1,000 instances, counted from when each request was due.",
			Length: 1500 * time.Millisecond, Quick: 300 * time.Millisecond, run: latency,
		},
		{
			Name:   "churn",
			About:  "How long answers take at half the peak while a config of 10,000 instances changes each second, and while it doesn't.",
			Length: 4 * time.Second, Quick: 2 * time.Second, run: churn,
		},
		{
			Name:   "batch",
			About:  "Answers a second by the number of datagrams that one receive call may fetch, 1,000 instances.",
			Length: time.Second, run: batches,
		},
		{
			Name:   "workers",
			About:  "Processor time an answer takes with one and with two workers on one core, sixteen sockets asking.",
			Length: 2 * time.Second, Quick: 300 * time.Millisecond, run: workers,
		},
		{
			Name:  "memory",
			About: "Memory of a server that has just started, that has changed its config, and that has been under load, by size of the config.",
			// The load's; starting takes as long as it takes.
			Length: 500 * time.Millisecond, run: memory,
		},
		{
			Name:  "reload",
			About: "From renaming a config into place to the first answer from it, and the memory that reloads take.",
			run:   reload,
		},
		{
			Name:   "scrape",
			About:  "Answers a second with metrics served and scraped each second, beside a server without metrics; 1,000 instances.",
			Length: time.Second, run: scrape,
		},
		{
			Name:   "dns",
			About:  "Small answers from memory, for context: DNS servers that answer for one small zone, an echo of the same queries, and Gantry.",
			Needs:  "knotd or nsd",
			Peers:  true,
			Length: 1500 * time.Millisecond, Quick: 300 * time.Millisecond, run: dns,
		},
		{
			Name:  "calls",
			About: "Heap allocations and futex calls of a server under load, over at least a million queries of all types in both spellings (one that the scanner knows, one for the general parser).",
			Needs: "strace",
			run:   calls,
		},
	}
}
