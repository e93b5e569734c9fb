// Package limit bounds how many forecasts clients may ask of the exporter, in a second and at a time.
package limit

import (
	"math"
	"net/http"
	"strconv"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/request"
)

// Limits are shared by all the handlers that they guard.
type Limits struct {
	rate       *rate.Limiter // nil: any
	concurrent int64         // 0: any
	now        atomic.Int64
}

// New returns limits: requests a second, of which as many may come at once, and requests at a time; 0 means any number.
func New(perSecond float64, concurrent int) *Limits {
	l := &Limits{concurrent: int64(concurrent)}
	if perSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(perSecond), max(1, int(math.Ceil(perSecond))))
	}
	return l
}

// Guard refuses requests beyond the limits: 429 where they come too fast, 503 where too many are under way, both with
// Retry-After in seconds.
func (l *Limits) Guard(next http.Handler) http.Handler {
	if l.rate == nil && l.concurrent == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.rate != nil && !l.rate.Allow() {
			refuse(w, http.StatusTooManyRequests, max(1, math.Ceil(1/float64(l.rate.Limit()))),
				"more than %v requests a second (--limit.rate)", float64(l.rate.Limit()))
			return
		}
		if l.concurrent > 0 {
			defer l.now.Add(-1)
			if l.now.Add(1) > l.concurrent {
				refuse(w, http.StatusServiceUnavailable, 1, "more than %d requests at a time (--limit.concurrent)", l.concurrent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, status int, seconds float64, format string, args ...any) {
	w.Header().Set("Retry-After", strconv.FormatFloat(seconds, 'f', 0, 64))
	mistake := request.Mistake("", format, args...)
	mistake.Status = status
	answer.Failure(w, mistake)
}
