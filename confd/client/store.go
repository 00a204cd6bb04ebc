package client

import "sync"

// StoreResultCallback keeps the latest reply to each request, also after the request expired. When it holds MaxStored, the request that was
// answered first is forgotten for a new one. It is safe for concurrent use; the zero value is ready.
type StoreResultCallback struct {
	mu      sync.Mutex
	replies map[string]*Upcall // by salt
	order   []string           // a ring of salts in the order of their first reply
	first   int                // where the ring begins
}

// GetResponse returns the latest reply to a request, and whether there is one.
func (s *StoreResultCallback) GetResponse(salt string) (reply *Upcall, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply, found = s.replies[salt]
	return reply, found
}

// Upcall is the store's Callback.
func (s *StoreResultCallback) Upcall(up *Upcall) {
	if up.Type != UpcallReply {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replies == nil {
		s.replies = make(map[string]*Upcall)
	}
	if _, known := s.replies[up.Salt]; !known {
		s.remember(up.Salt)
	}
	s.replies[up.Salt] = up
}

// remember makes room for a salt in a ring that grows up to MaxStored.
func (s *StoreResultCallback) remember(salt string) {
	if len(s.order) < MaxStored {
		s.order = append(s.order, salt)
		return
	}
	delete(s.replies, s.order[s.first])
	s.order[s.first] = salt
	s.first = (s.first + 1) % MaxStored
}
