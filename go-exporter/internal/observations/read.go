package observations

import (
	"bytes"
	"crypto/rand"
	"time"

	bolt "go.etcd.io/bbolt"
)

// newID names an observation that came without a name.
func newID() string { return "observed-" + rand.Text() }

// chunk is how many observations are read in one transaction: a reader that is slow must not hold the writer up.
const chunk = 256

// Scan calls visit with the observations since a time, oldest first, until it returns an error, which Scan returns; a limit of 0 is
// none. What is stored meanwhile is met when it lies ahead.
func (s *Store) Scan(since time.Time, limit int, visit func(*Observation) error) error {
	from := []byte{}
	if since.After(time.Unix(0, 0)) {
		from = timeKey(since, "")
	}
	for visited := 0; ; {
		most := chunk
		if limit > 0 {
			most = min(chunk, limit-visited)
		}
		found, last, err := s.read(most, func(cursor *bolt.Cursor) ([]byte, []byte) { return cursor.Seek(from) }, (*bolt.Cursor).Next)
		if err != nil {
			return err
		}
		for _, o := range found {
			if err := visit(o); err != nil {
				return err
			}
		}
		if visited += len(found); len(found) < most || visited == limit {
			return nil
		}
		from = append(last, 0)
	}
}

// ScanBack calls visit with the observations from the newest on until it returns false.
func (s *Store) ScanBack(visit func(*Observation) bool) error {
	start := (*bolt.Cursor).Last
	for {
		found, last, err := s.read(chunk, start, (*bolt.Cursor).Prev)
		if err != nil {
			return err
		}
		for _, o := range found {
			if !visit(o) {
				return nil
			}
		}
		if len(found) < chunk {
			return nil
		}
		start = func(cursor *bolt.Cursor) ([]byte, []byte) {
			if key, _ := cursor.Seek(last); key == nil {
				return cursor.Last() // it was forgotten meanwhile
			}
			return cursor.Prev()
		}
	}
}

// read reads some observations, and returns the key of the last one beside them.
func (s *Store) read(most int, start, step func(*bolt.Cursor) ([]byte, []byte)) (found []*Observation, last []byte, err error) {
	err = guarded(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			cursor := tx.Bucket(observationBucket).Cursor()
			for key, value := start(cursor); key != nil && len(found) < most; key, value = step(cursor) {
				o, err := decode(key, value)
				if err != nil {
					return err
				}
				found, last = append(found, o), bytes.Clone(key)
			}
			return nil
		})
	})
	return found, last, err
}

// LastNumber returns the number of the observation that was stored last; 0 when there was none.
func (s *Store) LastNumber() (number uint64, err error) {
	err = guarded(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			number = tx.Bucket(observationBucket).Sequence()
			return nil
		})
	})
	return number, err
}
