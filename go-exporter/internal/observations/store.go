// Package observations keeps forecasts until they can be held against what was measured, and then both: one file, on the disk
// before anybody is told so.
package observations

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// The buckets of the file. Times in keys are Unix microseconds, eight bytes, big-endian, so that the order of keys is that of time.
var (
	metaBucket        = []byte("encast-observations") // schema → "1"
	forecastBucket    = []byte("forecasts")           // id → forecast that waits for its observation
	forecastTimes     = []byte("forecast_times")      // time of the forecast, id → nothing
	observationBucket = []byte("observations")        // observed_at, id → observation
	idBucket          = []byte("ids")                 // id → observed_at
	dataBuckets       = [][]byte{forecastBucket, forecastTimes, observationBucket, idBucket}
	schemaKey         = []byte("schema")
)

// schema is the version of the buckets above. A change that this version can't read raises it.
const schema = "1"

// lockTime is how long opening waits for another process to let go of the file: a restart may overlap.
const lockTime = 2 * time.Second

// MaxRecords is how many forecasts that wait, and how many observations, are kept at most: beyond it the oldest go.
const MaxRecords = 1_000_000

// Options tell how a store is kept.
type Options struct {
	Retention time.Duration // after it observations, and forecasts that nobody observed, are forgotten; 0 is never
	Logger    *slog.Logger
	// Stored is called with what was stored, in that order, before anybody is told that it is; never twice at a time.
	Stored func([]*Observation)

	// Of the tests.
	now      func() time.Time
	max      int
	lockTime time.Duration
}

// Store is a file of forecasts and observations. Any number of goroutines may use it at the same time.
type Store struct {
	path    string
	options Options
	db      *bolt.DB

	queue     chan *change
	closing   chan struct{}
	closeOnce sync.Once
	workers   sync.WaitGroup

	forecasts, observations atomic.Int64
	failures                atomic.Uint64
	broken                  atomic.Pointer[error] // why nothing is written any more
}

// Open opens the file, or makes it when it does not exist. All that is in it is checked. A file of anything else, or one that is
// damaged, is an error and stays as it is.
func Open(path string, options Options) (*Store, error) {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.now == nil {
		options.now = time.Now
	}
	if options.max == 0 {
		options.max = MaxRecords
	}
	if options.lockTime == 0 {
		options.lockTime = lockTime
	}
	s := &Store{path: path, options: options, queue: make(chan *change), closing: make(chan struct{})}
	if err := s.open(); err != nil {
		if s.db != nil {
			_ = s.db.Close()
		}
		return nil, fmt.Errorf("observations %s: %w", path, explained(err))
	}
	s.workers.Go(s.commitChanges)
	s.workers.Go(s.prune)
	return s, nil
}

// explained says what an error of the library means here.
func explained(err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrForeign, err)
	case errors.Is(err, berrors.ErrChecksum):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func (s *Store) open() error {
	seen := -1 // the transaction after which all was found well
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: not a regular file", ErrForeign)
	case info.Size() > 0:
		// Opening for writing may write: first it has to be known whose file it is, and that it is whole.
		if seen, err = s.inspect(); err != nil {
			return err
		}
	}
	isNew := info == nil
	err = guarded(func() (err error) {
		s.db, err = bolt.Open(s.path, 0o600, &bolt.Options{Timeout: s.options.lockTime, FreelistType: bolt.FreelistMapType})
		return err
	})
	if err != nil {
		return err
	}
	if isNew {
		if err := syncFolder(filepath.Dir(s.path)); err != nil {
			return err
		}
	}
	return guarded(func() error {
		if seen < 0 {
			return s.db.Update(prepare)
		}
		return s.db.View(func(tx *bolt.Tx) error {
			if tx.ID() == seen {
				return nil
			}
			return s.verify(tx) // another process was quicker
		})
	})
}

// inspect refuses a file that is not one of observations, is of a later version or is damaged, and returns the transaction that it
// has seen; -1 when nothing was written yet.
func (s *Store) inspect() (seen int, err error) {
	seen = -1
	err = guarded(func() error {
		db, err := bolt.Open(s.path, 0, &bolt.Options{Timeout: s.options.lockTime, ReadOnly: true})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bolt.Tx) error {
			meta := tx.Bucket(metaBucket)
			if meta == nil {
				if first, _ := tx.Cursor().First(); first == nil {
					return nil // made, and ended before anything was written
				}
				return fmt.Errorf("%w: a database of something else", ErrForeign)
			}
			if found := string(meta.Get(schemaKey)); found != schema {
				return fmt.Errorf("%w of this version: schema %q, this program knows %q", ErrForeign, found, schema)
			}
			seen = tx.ID()
			return s.verify(tx)
		})
	})
	return seen, err
}

// prepare makes what a new file has, in one transaction: whatever is there is whole.
func prepare(tx *bolt.Tx) error {
	for _, name := range dataBuckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return err
	}
	return meta.Put(schemaKey, []byte(schema))
}

// verify reads all that is there, and counts it.
func (s *Store) verify(tx *bolt.Tx) error {
	forecasts, err := verifyPair(tx, forecastBucket, forecastTimes, func(key, _ []byte) []byte { return key[8:] })
	if err != nil {
		return err
	}
	observed, err := verifyPair(tx, observationBucket, idBucket, func(key, value []byte) []byte {
		return append(bytes.Clone(value), key...)
	})
	s.forecasts.Store(forecasts)
	s.observations.Store(observed)
	return err
}

// verifyPair checks the records of a bucket, and that each has its one entry in the other, from whose entries keyOf makes the key of the
// record.
func verifyPair(tx *bolt.Tx, records, others []byte, keyOf func(key, value []byte) []byte) (count int64, err error) {
	err = tx.Bucket(records).ForEach(func(key, value []byte) error {
		count++
		_, err := unframe(key, value)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", records, err)
	}
	var entries int64
	err = tx.Bucket(others).ForEach(func(key, value []byte) error {
		if entries++; len(key)+len(value) <= 8 || tx.Bucket(records).Get(keyOf(key, value)) == nil {
			return fmt.Errorf("%w: an entry without its record", ErrDamaged)
		}
		return nil
	})
	if err == nil && entries != count {
		err = fmt.Errorf("%w: %d entries for %d records", ErrDamaged, entries, count)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", others, err)
	}
	return count, nil
}

// guarded turns what the library makes of damaged pages, a panic or a fault of mapped memory, into an error.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return do()
}

// syncFolder makes a new file's name last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Close ends the store: what was begun is finished, what comes later gets ErrClosed.
func (s *Store) Close() error {
	s.closeOnce.Do(func() { close(s.closing) })
	s.workers.Wait()
	return s.db.Close()
}

// Counts returns how many forecasts wait for their observation, and how many observations there are.
func (s *Store) Counts() (forecasts, observations int64) {
	return s.forecasts.Load(), s.observations.Load()
}

// Failures returns how often writing failed since the store was opened, refusals aside.
func (s *Store) Failures() uint64 { return s.failures.Load() }

// Size returns the size of the file, bytes.
func (s *Store) Size() int64 {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Err returns why nothing is written any more; nil as long as it is.
func (s *Store) Err() error {
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	return nil
}
