package campaign

import (
	"slices"
	"time"
)

// Waits are how long clients waited. Every one is kept, so that quantiles are exact.
type Waits []uint32 // in units of 100 ns

// Add adds a wait, of at most seven minutes.
func (w *Waits) Add(wait time.Duration) { *w = append(*w, uint32(min(wait/100, 1<<32-1))) }

// Quantile returns a quantile, 0-1, in milliseconds; the waits have to be sorted.
func (w Waits) Quantile(q float64) float64 {
	if len(w) == 0 {
		return 0
	}
	return float64(w[min(len(w)-1, int(q*float64(len(w))))]) / 1e4
}

// Sort sorts the waits.
func (w Waits) Sort() { slices.Sort(w) }
