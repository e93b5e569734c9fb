package observations

import (
	"bytes"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	pruneEvery = time.Minute
	pruneMost  = 512 // records that one transaction removes: others wait for as long as it takes
)

// prune forgets what is too old, or too much, now and then.
func (s *Store) prune() {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		if err := s.pruneAll(); err != nil && s.Err() == nil {
			s.options.Logger.Warn("Forgetting old observations failed", "path", s.path, "err", err)
		}
		select {
		case <-ticker.C:
		case <-s.closing:
			return
		}
	}
}

// pruneAll removes all that is to be forgotten, some at a time. The room is used again; the file does not get smaller.
func (s *Store) pruneAll() error {
	for {
		removed, err := s.pruneSome()
		if err != nil || removed < pruneMost {
			return err
		}
	}
}

func (s *Store) pruneSome() (removed int64, err error) {
	var before []byte
	if s.options.Retention > 0 {
		before = timeKey(s.options.now().Add(-s.options.Retention), "")
	}
	forecasts, observed := s.Counts()
	tooManyForecasts, tooMany := forecasts-int64(s.options.max), observed-int64(s.options.max)
	if tooManyForecasts <= 0 && tooMany <= 0 && !s.anyBefore(before) {
		return 0, nil
	}
	c := &change{}
	c.write = func(tx *bolt.Tx) (refusal, failure error) {
		gone, err := removeOldest(tx, observationBucket, idBucket, before, tooMany)
		c.observations = -gone
		if err != nil {
			return nil, err
		}
		gone, err = removeOldest(tx, forecastTimes, forecastBucket, before, tooManyForecasts)
		c.forecasts = -gone
		return nil, err
	}
	err = s.apply(c)
	return -c.observations - c.forecasts, err
}

// anyBefore tells whether there is anything older, so that nothing is written when there is not.
func (s *Store) anyBefore(before []byte) (found bool) {
	if before == nil {
		return false
	}
	// What can't be read will show when it is removed.
	_ = guarded(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			for _, name := range [][]byte{observationBucket, forecastTimes} {
				if key, _ := tx.Bucket(name).Cursor().First(); key != nil && bytes.Compare(key, before) < 0 {
					found = true
				}
			}
			return nil
		})
	})
	return found
}

// removeOldest removes entries of a bucket whose keys are a time and an id, and those of the id in another: what is before a
// key, and as many more as there are too many.
func removeOldest(tx *bolt.Tx, byTime, byID, before []byte, tooMany int64) (removed int64, err error) {
	var keys [][]byte
	cursor := tx.Bucket(byTime).Cursor()
	for key, _ := cursor.First(); key != nil && len(keys) < pruneMost; key, _ = cursor.Next() {
		if int64(len(keys)) >= tooMany && bytes.Compare(key, before) >= 0 {
			break
		}
		keys = append(keys, bytes.Clone(key))
	}
	for _, key := range keys {
		if err := tx.Bucket(byTime).Delete(key); err != nil {
			return 0, err
		}
		if err := tx.Bucket(byID).Delete(key[8:]); err != nil {
			return 0, err
		}
	}
	return int64(len(keys)), nil
}
