package observations

import (
	"errors"
	"fmt"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// change is one caller's part of a transaction.
type change struct {
	// write checks everything before it writes anything: what it refuses has left no trace. A failure is the file's.
	write func(tx *bolt.Tx) (refusal, failure error)
	// stored is what it added, for Options.Stored; forecasts and observations by how many their number changed.
	stored                  []*Observation
	forecasts, observations int64

	refusal error
	done    chan error
}

// mostChanges bounds a transaction.
const mostChanges = 512

// apply makes a change durable, together with all that others ask for at the same time: the disk is waited for once.
// (The library's own Batch lets a lone writer wait ten milliseconds for company, or, told not to, finds none.)
func (s *Store) apply(c *change) error {
	if err := s.Err(); err != nil {
		return err
	}
	c.done = make(chan error, 1)
	select {
	case s.queue <- c:
		return <-c.done
	case <-s.closing:
		return ErrClosed
	}
}

// commitChanges writes what is asked for. It is the only writer, so that what was stored is told in its order.
func (s *Store) commitChanges() {
	for {
		select {
		case first := <-s.queue:
			changes := s.waiting([]*change{first})
			if err := s.commit(changes); err != nil && len(changes) > 1 && s.Err() == nil {
				// One of them may be to blame: each alone.
				for _, c := range changes {
					c.done <- s.outcome(c, s.commit([]*change{c}))
				}
				continue
			} else {
				for _, c := range changes {
					c.done <- s.outcome(c, err)
				}
			}
		case <-s.closing:
			return
		}
	}
}

// waiting adds those that wait already.
func (s *Store) waiting(changes []*change) []*change {
	for len(changes) < mostChanges {
		select {
		case next := <-s.queue:
			changes = append(changes, next)
		default:
			return changes
		}
	}
	return changes
}

// outcome is what a caller gets to know.
func (s *Store) outcome(c *change, failure error) error {
	if failure == nil {
		return c.refusal
	}
	s.failures.Add(1)
	return fmt.Errorf("observations %s: %w", s.path, failure)
}

// commit writes all changes or none. When it returns without an error, they are on the disk.
func (s *Store) commit(changes []*change) error {
	if err := s.Err(); err != nil {
		return err
	}
	err := guarded(func() error {
		return s.db.Update(func(tx *bolt.Tx) error {
			for _, c := range changes {
				refusal, failure := c.write(tx)
				if failure != nil {
					return failure
				}
				c.refusal = refusal
			}
			return nil
		})
	})
	if err != nil {
		// After a failed fsync nobody knows what is on the disk, and asking again would hide it; damage only grows.
		if errors.Is(err, syscall.EIO) || errors.Is(err, ErrDamaged) {
			broken := fmt.Errorf("nothing is stored any more, until the program is started again: %w", err)
			s.broken.Store(&broken)
		}
		s.options.Logger.Error("Storing observations failed", "path", s.path, "err", err)
		return err
	}
	for _, c := range changes {
		if c.refusal != nil {
			continue
		}
		s.forecasts.Add(c.forecasts)
		s.observations.Add(c.observations)
		if len(c.stored) > 0 && s.options.Stored != nil {
			s.options.Stored(c.stored)
		}
	}
	return nil
}
