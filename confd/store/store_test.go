package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gantry/confd/config"
	"gantry/confd/vote"
)

// A cluster is nodes a, b and c whose copies are in memory; a is the master.
type cluster struct {
	t     *testing.T
	world *world
	mu    sync.Mutex
	down  map[string]bool
}

var errDown = errors.New("no route to host")

func newCluster(t *testing.T) *cluster {
	return &cluster{t: t, world: newWorld(1, plan{nodes: 3}), down: map[string]bool{}}
}

func (c *cluster) setDown(name string, down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down[name] = down
}

// A link is a replica that can be cut off.
type link struct {
	cluster *cluster
	name    string
	localReplica
}

func (l link) fault() error {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	if l.cluster.down[l.name] {
		return errDown
	}
	return nil
}

func (l link) Claim(ctx context.Context, claim vote.Claim) (Grant, error) {
	if err := l.fault(); err != nil {
		return Grant{}, err
	}
	return l.localReplica.Claim(ctx, claim)
}

func (l link) Push(ctx context.Context, push *Push) error {
	if err := l.fault(); err != nil {
		return err
	}
	return l.localReplica.Push(ctx, push)
}

func (c *cluster) options(node string) Options {
	return Options{
		Node: node, Copy: c.world.node(node).copy,
		Replica: func(name string) Replica { return link{c, name, localReplica{c.world.node(name).copy}} },
	}
}

func (c *cluster) lead(options Options) *Store {
	c.t.Helper()
	s, err := Lead(context.Background(), options)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *cluster) serial(node string) int64 {
	c.t.Helper()
	holding, err := c.world.node(node).copy.Holding()
	if err != nil {
		c.t.Fatal(err)
	}
	return holding.Serial
}

// addTag changes an object in a way that can be found again.
func addTag(tag string) func(*Tx) error {
	return func(tx *Tx) error {
		return Edit(tx, "", func(c *config.Cluster) error { c.Tags = append(c.Tags, tag); return nil })
	}
}

func tagsOf(t *testing.T, s *Snapshot) string {
	t.Helper()
	cluster, err := config.Load[config.Cluster](s.Document, "")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(cluster.Tags, " ")
}

func TestAChangeIsOnAMajorityWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		c.setDown("c", true)
		s := c.lead(c.options("a"))
		defer s.Close()
		before := s.Snapshot()
		serial, err := s.Change(t.Context(), addTag("one"))
		if err != nil {
			t.Fatal(err)
		}
		if a, b := c.serial("a"), c.serial("b"); a != serial || b != serial || serial != before.Serial+1 {
			t.Errorf("serial %d after %d; a has %d, b %d", serial, before.Serial, a, b)
		}
		if tags := tagsOf(t, s.Snapshot()); !strings.Contains(tags, "one") || strings.Contains(tagsOf(t, before), "one") {
			t.Errorf("tags %q; a snapshot doesn't change and the next has the change", tags)
		}
		if missing := s.Missing(); !strings.Contains(missing, "c (no route to host)") {
			t.Errorf("missing: %q", missing)
		}
		c.setDown("c", false)
		<-time.After(2 * retryLast)
		if got := c.serial("c"); got != serial || s.Missing() != "" {
			t.Errorf("c was tried again and has %d, missing %q", got, s.Missing())
		}
	})
}

func TestWithoutAMajorityTheOutcomeIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		s := c.lead(c.options("a"))
		defer s.Close()
		synctest.Wait()
		c.setDown("b", true)
		c.setDown("c", true)
		_, err := s.Change(t.Context(), addTag("one"))
		if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "b (no route") || !strings.Contains(err.Error(), "c (no route") {
			t.Errorf("got %v", err)
		}
		if strings.Contains(tagsOf(t, s.Snapshot()), "one") {
			t.Error("readers see what may be taken back")
		}
		if _, err := s.Change(t.Context(), addTag("two")); !errors.Is(err, ErrBehind) {
			t.Errorf("the next change: got %v", err)
		}
		c.setDown("b", false)
		if _, err := s.Change(t.Context(), addTag("three")); err != nil {
			t.Errorf("with a majority again: %v", err)
		}
		if tags := tagsOf(t, s.Snapshot()); !strings.Contains(tags, "one") || strings.Contains(tags, "two") || !strings.Contains(tags, "three") {
			t.Errorf("tags %q", tags)
		}
	})
}

func TestAFailedFileSyncFailsTheChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		s := c.lead(c.options("a"))
		defer s.Close()
		before := c.serial("a")
		c.world.node("a").disk.failing = 1
		_, err := s.Change(t.Context(), addTag("one"))
		c.world.node("a").disk.failing = 0
		if err == nil || errors.Is(err, ErrUnknown) || c.serial("a") != before {
			t.Errorf("got %v, serial %d after %d", err, c.serial("a"), before)
		}
		if serial, err := s.Change(t.Context(), addTag("two")); err != nil || serial != before+1 {
			t.Errorf("the next change: serial %d, %v", serial, err)
		}
		if tags := tagsOf(t, s.Snapshot()); strings.Contains(tags, "one") {
			t.Errorf("tags %q", tags)
		}
	})
}

// The others have it, so it lasts; the master's own copy is written again until it is there.
func TestAFailedDirectorySyncIsNoAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		s := c.lead(c.options("a"))
		defer s.Close()
		synctest.Wait()
		disk := c.world.node("a").disk
		disk.deadNames.Store(true)
		c.setDown("b", true)
		if _, err := s.Change(t.Context(), addTag("one")); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "a (") || !strings.Contains(err.Error(), "b (") {
			t.Errorf("only c has it: got %v", err)
		}
		disk.deadNames.Store(false)
		<-time.After(2 * retryLast)
		if _, err := s.Change(t.Context(), addTag("two")); err != nil || !strings.Contains(tagsOf(t, s.Snapshot()), "one") {
			t.Errorf("after the disk's recovery: %v, tags %q", err, tagsOf(t, s.Snapshot()))
		}
		disk.restart(true)
		if data, err := disk.ReadFile(configFile); err != nil || Digest(data) != s.Snapshot().Digest {
			t.Errorf("power loss took the change from the master's disk: %v", err)
		}
	})
}

// Its copy may have forgotten: it counts for little until a version that was begun since has a majority.
func TestARebootedCandidateIsVouchedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		node := c.world.node("b")
		node.kill(true)
		node.start()
		if holding, err := node.copy.Holding(); err != nil || !holding.Rebooted {
			t.Fatalf("%+v, %v", holding, err)
		}
		s := c.lead(c.options("a"))
		defer s.Close()
		<-time.After(2 * retryLast)
		if holding, err := node.copy.Holding(); err != nil || holding.Rebooted || holding.Serial != s.Snapshot().Serial {
			t.Errorf("%+v, %v", holding, err)
		}
	})
}

func TestTheOperatorMayAcceptALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		old := c.lead(c.options("a"))
		old.Close()
		c.setDown("a", true)
		c.setDown("c", true)
		options := c.options("b")
		if _, err := Lead(t.Context(), options); !errors.Is(err, vote.ErrNoMajority) || !strings.Contains(err.Error(), "a doesn't answer: no route to host") {
			t.Errorf("without a majority: got %v", err)
		}
		options.AcceptSerial = c.serial("b")
		options.Edit = func(tx *Tx) error {
			for _, name := range []string{"a", "c"} {
				err := Edit(tx, c.world.node(name).uuid, func(n *config.Node) error { n.MasterCandidate = false; return nil })
				if err != nil {
					return err
				}
			}
			return nil
		}
		s := c.lead(options)
		defer s.Close()
		if _, err := s.Change(t.Context(), addTag("one")); err != nil {
			t.Error(err)
		}
	})
}

func TestADemotedNodeHelpsNobodyToLead(t *testing.T) {
	c := newCluster(t)
	node := c.world.node("b")
	if err := node.copy.Remove(); err != nil {
		t.Fatal(err)
	}
	grant, err := node.copy.Claim(vote.Claim{From: "c", Floor: 1 << 20, Reign: "r"})
	if err != nil || !grant.Left || grant.Serial != 0 {
		t.Fatalf("%+v, %v", grant, err)
	}
	own, err := c.world.node("c").copy.Holding()
	if err != nil {
		t.Fatal(err)
	}
	r := newReign("c", "r", own, vote.Voters{"a", "b", "c"}, 1<<20, Majority, soundRules())
	r.granted("b", r.floor, grant, nil)
	r.granted("c", r.floor, own, nil)
	if _, granted, err := r.claimed(); granted || err != nil {
		t.Errorf("what b knew isn't known to it any more, yet it counts: %v", err)
	}
}

func TestAnOldMasterIsFencedAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		old := c.lead(c.options("a"))
		defer old.Close()
		if _, err := old.Change(t.Context(), addTag("one")); err != nil {
			t.Fatal(err)
		}
		c.setDown("a", true) // a can still reach the others
		synctest.Wait()
		s := c.lead(c.options("b"))
		defer s.Close()
		if _, err := old.Change(t.Context(), addTag("two")); !errors.Is(err, ErrDeposed) {
			t.Errorf("got %v", err)
		}
		<-old.Done()
		if !errors.Is(old.Err(), ErrDeposed) || !strings.Contains(old.Err().Error(), "holds b as master") {
			t.Errorf("got %v", old.Err())
		}
		if tags := tagsOf(t, s.Snapshot()); !strings.Contains(tags, "one") || strings.Contains(tags, "two") {
			t.Errorf("tags %q", tags)
		}
	})
}

func TestANewMasterNeedsTheNewestConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		c.setDown("c", true)
		old := c.lead(c.options("a"))
		if _, err := old.Change(t.Context(), addTag("one")); err != nil {
			t.Fatal(err)
		}
		old.Close()
		c.setDown("c", false)
		c.setDown("a", true)
		options := c.options("c")
		_, err := Lead(t.Context(), options)
		if !errors.Is(err, vote.ErrNotNewest) || !strings.Contains(err.Error(), "b has serial") {
			t.Fatalf("got %v", err)
		}
		options.FetchNewest = true
		s := c.lead(options)
		defer s.Close()
		if !strings.Contains(tagsOf(t, s.Snapshot()), "one") {
			t.Error("the change is lost")
		}
	})
}

func TestConcurrentChangesShareAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		s := c.lead(c.options("a"))
		defer s.Close()
		const writers = 16
		before := s.Snapshot().Serial
		release := make(chan struct{})
		go s.Change(t.Context(), func(tx *Tx) error { <-release; return addTag("first")(tx) })
		synctest.Wait()
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				if _, err := s.Change(t.Context(), addTag(fmt.Sprint("tag", i))); err != nil {
					t.Error(err)
				}
			})
		}
		group.Go(func() {
			bad := func(tx *Tx) error { addTag("bad")(tx); return errDisk }
			if _, err := s.Change(t.Context(), bad); !errors.Is(err, errDisk) {
				t.Errorf("a change that fails: %v", err)
			}
		})
		synctest.Wait()
		close(release)
		group.Wait()
		if got := s.Snapshot().Serial - before; got != 2 {
			t.Errorf("%d versions for %d changes", got, writers+1)
		}
		if tags := tagsOf(t, s.Snapshot()); strings.Count(tags, "tag") != writers || strings.Contains(tags, "bad") {
			t.Errorf("tags %q", tags)
		}
	})
}

// At whichever operation on the disk the writer dies, a reader finds the old version or the new one, whole.
func TestPowerLossAtEveryOperation(t *testing.T) {
	doc, err := config.Parse(simConfig())
	if err != nil {
		t.Fatal(err)
	}
	old := doc.Append(nil)
	doc.SerialNo++
	data := doc.Append(nil)
	for stop, finished := 1, false; !finished; stop++ {
		for seed := range uint64(8) {
			disk := newSimDisk(rand.New(rand.NewPCG(seed, 2)))
			disk.put(configFile, old)
			disk.put(FenceFile, fence{Format: fenceFormat, Master: "a", Floor: 1, Reign: "r", Boot: "1"}.text())
			c, err := OpenCopy(disk, "1")
			if err != nil {
				t.Fatal(err)
			}
			disk.stopAt = disk.operations + stop
			err = c.Push(&Push{
				Push: vote.Push{From: "a", Floor: 1, Reign: "r", Boot: "1", Serial: doc.SerialNo, Digest: Digest(data)},
				Sets: vote.Joint{{"a"}}, Data: data,
			})
			finished = err == nil
			power := seed%2 == 0
			disk.restart(power)
			got, readErr := disk.ReadFile(configFile)
			if readErr != nil || string(got) != string(old) && string(got) != string(data) {
				t.Fatalf("stopped at operation %d, power lost %t: %d bytes, %v", stop, power, len(got), readErr)
			}
			if finished && string(got) != string(data) {
				t.Fatalf("power lost %t: what was acknowledged is lost", power)
			}
			if _, err := OpenCopy(disk, "2"); err != nil {
				t.Fatalf("stopped at operation %d: the copy doesn't open again: %v", stop, err)
			}
		}
	}
}
