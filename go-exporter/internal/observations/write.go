package observations

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/label"
)

// Report is what was measured of an encode, as it is told.
type Report struct {
	// ID names the forecast; empty together with a Forecast gives it one.
	ID string
	// Forecast is what the encode is held against when nothing was forecast under that id before; nil when the id has to
	// be known.
	Forecast   *Forecast
	Measured   encast.Targets // at least one
	ObservedAt time.Time      // the zero time means now
}

// futureTime is how far a clock may be ahead of this one.
const futureTime = time.Hour

func timeKey(at time.Time, id string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro())), id...)
}

// Record keeps forecasts until they are observed, all or none; when it returns they are on the disk. A forecast of the same id that
// waits is replaced; an id that is observed is refused.
func (s *Store) Record(forecasts []Forecast) error {
	c := &change{}
	encoded := make([][]byte, len(forecasts))
	for row := range forecasts {
		f := &forecasts[row]
		err := f.check()
		if err == nil {
			encoded[row], err = f.encode()
		}
		if err != nil {
			return blame(err, row)
		}
	}
	c.write = func(tx *bolt.Tx) (refusal, failure error) {
		c.forecasts = 0
		ids := tx.Bucket(idBucket)
		for row := range forecasts {
			if ids.Get([]byte(forecasts[row].ID)) != nil {
				return &Refusal{Row: row, Field: "id", Err: fmt.Errorf("%w: %q", ErrObserved, forecasts[row].ID)}, nil
			}
		}
		for row := range forecasts {
			removed, err := removeForecast(tx, forecasts[row].ID)
			if err == nil {
				err = putForecast(tx, &forecasts[row], encoded[row])
			}
			if err != nil {
				return nil, err
			}
			c.forecasts += 1 - removed
		}
		return nil, nil
	}
	return s.apply(c)
}

func (f *Forecast) check() error {
	if f.ID == "" {
		return &Refusal{Field: "id", Err: fmt.Errorf("%w: missing", ErrInvalid)}
	}
	return errors.Join(
		checkText("id", f.ID, label.MaxID), checkText("title", f.Title, label.MaxTitle), checkText("config", f.Config, label.MaxConfig))
}

// blame tells which row an error is about.
func blame(err error, row int) error {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return &Refusal{Row: row, Field: refusal.Field, Err: refusal.Err}
	}
	return &Refusal{Row: row, Field: "request", Err: err}
}

func putForecast(tx *bolt.Tx, f *Forecast, encoded []byte) error {
	if err := tx.Bucket(forecastBucket).Put([]byte(f.ID), encoded); err != nil {
		return err
	}
	return tx.Bucket(forecastTimes).Put(timeKey(f.At, f.ID), nil)
}

// removeForecast removes a forecast that waits and tells how many there were.
func removeForecast(tx *bolt.Tx, id string) (int64, error) {
	bucket := tx.Bucket(forecastBucket)
	framed := bucket.Get([]byte(id))
	if framed == nil {
		return 0, nil
	}
	waiting, err := decode([]byte(id), framed)
	if err != nil {
		return 0, err
	}
	if err := bucket.Delete([]byte(id)); err != nil {
		return 0, err
	}
	return 1, tx.Bucket(forecastTimes).Delete(timeKey(waiting.At, id))
}

// bounds are the smallest and largest value that a target can have, as the library has them.
var bounds = map[encast.Target][2]float64{
	encast.TargetVMAF: {0, 100}, encast.TargetPSNR: {0, 120}, encast.TargetSSIM: {0, 1},
	encast.TargetBitrateKbps: {1e-3, 1e8}, encast.TargetEncodeSeconds: {1e-9, 1e12}, encast.TargetCPUSeconds: {1e-9, 1e12},
	encast.TargetCPUPercent: {0, 1e5}, encast.TargetGPUPercent: {0, 100}, encast.TargetPeakMemoryMB: {1e-3, 1e9},
	encast.TargetEnergyKWh: {1e-15, 1e12}, encast.TargetCostUSD: {1e-15, 1e12}, encast.TargetCO2Kg: {1e-15, 1e12},
}

// check checks all of a report but its forecast's id.
func (r *Report) check(now time.Time, retention time.Duration) error {
	measured := 0
	for _, target := range allTargets {
		value := r.Measured.Value(target)
		if math.IsNaN(value) {
			continue
		}
		measured++
		if bound := bounds[target]; !(value >= bound[0] && value <= bound[1]) {
			return &Refusal{Field: target.String(), Err: fmt.Errorf("%w: %g is not within %g and %g", ErrInvalid, value, bound[0], bound[1])}
		}
	}
	if measured == 0 {
		return &Refusal{Field: "vmaf", Err: fmt.Errorf("%w: nothing was measured: at least one of the targets is needed", ErrInvalid)}
	}
	unix := float64(r.ObservedAt.UnixMicro()) / 1e6
	if latest := now.Add(futureTime); r.ObservedAt.After(latest) {
		return &Refusal{Field: "observed_at", Err: fmt.Errorf("%w: %.0f is later than %d, an hour from now", ErrInvalid, unix, latest.Unix())}
	}
	earliest := time.Unix(0, 0)
	if retention > 0 {
		earliest = now.Add(-retention)
	}
	if r.ObservedAt.Before(earliest) {
		return &Refusal{Field: "observed_at", Err: fmt.Errorf("%w: %.0f is earlier than %d, from when on observations are kept", ErrInvalid, unix, earliest.Unix())}
	}
	return nil
}

// Observe stores what was measured, all or nothing, and returns how many observations are new. When it returns they are on the
// disk. An observation that is there already, with the same values, is not stored again.
func (s *Store) Observe(reports []Report) (stored int, err error) {
	now := s.options.now().Truncate(time.Microsecond)
	batch := &observing{reports: reports, dated: make([]bool, len(reports))}
	for row := range reports {
		report := &reports[row]
		batch.dated[row] = !report.ObservedAt.IsZero()
		if report.ObservedAt = report.ObservedAt.Truncate(time.Microsecond); !batch.dated[row] {
			report.ObservedAt = now
		}
		if err := report.check(now, s.options.Retention); err != nil {
			return 0, blame(err, row)
		}
		if report.Forecast == nil {
			err = checkText("id", report.ID, label.MaxID)
			if report.ID == "" {
				err = &Refusal{Field: "id", Err: fmt.Errorf("%w: missing, and no request that says what was encoded", ErrInvalid)}
			}
		} else {
			if report.ID == "" {
				report.ID = newID()
			}
			report.Forecast.ID = report.ID
			err = report.Forecast.check()
		}
		if err != nil {
			return 0, blame(err, row)
		}
	}
	c := &change{}
	c.write = func(tx *bolt.Tx) (refusal, failure error) {
		c.stored, c.forecasts, c.observations = nil, 0, 0
		if refusal, failure = batch.plan(tx); refusal != nil || failure != nil {
			return refusal, failure
		}
		removed, failure := batch.write(tx)
		if failure != nil {
			return nil, failure
		}
		c.stored, c.forecasts, c.observations = batch.planned, -removed, int64(len(batch.planned))
		return nil, nil
	}
	if err := s.apply(c); err != nil {
		return 0, err
	}
	return len(c.stored), nil
}

// observing is one call of Observe.
type observing struct {
	reports []Report
	dated   []bool // whether the caller said when
	planned []*Observation
	encoded [][]byte
}

// plan finds what is to be written, and refuses what can't be, before anything is.
func (b *observing) plan(tx *bolt.Tx) (refusal, failure error) {
	b.planned, b.encoded = nil, nil
	here := map[string]*Observation{}
	number := tx.Bucket(observationBucket).Sequence()
	for row := range b.reports {
		report := &b.reports[row]
		known, err := observed(tx, report.ID)
		if err != nil {
			return nil, err
		}
		if known == nil {
			known = here[report.ID]
		}
		if known != nil {
			if reason := differs(known, report, b.dated[row]); reason != "" {
				return &Refusal{Row: row, Field: "id", Err: fmt.Errorf("%w: %q, %s", ErrObserved, report.ID, reason)}, nil
			}
			continue
		}
		o := &Observation{Number: number + uint64(len(b.planned)) + 1, Measured: report.Measured, ObservedAt: report.ObservedAt}
		o.Measured.Title = ""
		waiting, err := waitingForecast(tx, report.ID)
		switch {
		case err != nil:
			return nil, err
		case waiting != nil && (report.Forecast == nil || sameRequest(waiting, report.Forecast)):
			o.Forecast = *waiting
		case report.Forecast != nil:
			o.Forecast = *report.Forecast
		default:
			return &Refusal{Row: row, Field: "id", Err: fmt.Errorf("%w: %q", ErrUnknownID, report.ID)}, nil
		}
		encoded, err := o.encode()
		if err != nil {
			return blame(err, row), nil
		}
		here[report.ID] = o
		b.planned, b.encoded = append(b.planned, o), append(b.encoded, encoded)
	}
	return nil, nil
}

// write writes what was planned and returns how many forecasts wait no more.
func (b *observing) write(tx *bolt.Tx) (removed int64, err error) {
	observations, ids := tx.Bucket(observationBucket), tx.Bucket(idBucket)
	observations.FillPercent = .9 // keys come in their order, nearly
	for i, o := range b.planned {
		one, err := removeForecast(tx, o.ID)
		if err != nil {
			return 0, err
		}
		removed += one
		key := timeKey(o.ObservedAt, o.ID)
		if err := errors.Join(observations.Put(key, b.encoded[i]), ids.Put([]byte(o.ID), key[:8])); err != nil {
			return 0, err
		}
		if err := observations.SetSequence(o.Number); err != nil {
			return 0, err
		}
	}
	return removed, nil
}

// observed returns the observation of an id; nil when there is none.
func observed(tx *bolt.Tx, id string) (*Observation, error) {
	at := tx.Bucket(idBucket).Get([]byte(id))
	if at == nil {
		return nil, nil
	}
	key := append(bytes.Clone(at), id...)
	return decode(key, tx.Bucket(observationBucket).Get(key))
}

// waitingForecast returns the forecast of an id that is not observed yet; nil when there is none.
func waitingForecast(tx *bolt.Tx, id string) (*Forecast, error) {
	framed := tx.Bucket(forecastBucket).Get([]byte(id))
	if framed == nil {
		return nil, nil
	}
	o, err := decode([]byte(id), framed)
	if err != nil {
		return nil, err
	}
	return &o.Forecast, nil
}

// differs says what a report has otherwise than the observation of its id; empty when it is the same once more.
func differs(known *Observation, report *Report, dated bool) string {
	for _, target := range allTargets {
		before, now := known.Measured.Value(target), report.Measured.Value(target)
		if before != now && !(math.IsNaN(before) && math.IsNaN(now)) {
			return fmt.Sprintf("with %s = %g, now %g", target, before, now)
		}
	}
	if report.Forecast != nil && !sameRequest(&known.Forecast, report.Forecast) {
		return "for another request"
	}
	if dated && !known.ObservedAt.Equal(report.ObservedAt) {
		return fmt.Sprintf("with observed_at = %d, now %d", known.ObservedAt.Unix(), report.ObservedAt.Unix())
	}
	return ""
}
