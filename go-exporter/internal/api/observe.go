package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// Observe answers POST /observe: what was measured of an encode, or of an array of them. What it has answered with 200 is on the
// disk.
func (a *API) Observe() http.Handler {
	return a.handler(http.StatusOK, func(r *http.Request, lease *serving.Lease, body, dst []byte) ([]byte, error) {
		if a.feedback == nil {
			return nil, noStore()
		}
		told, array, err := request.ParseObserve(body, lease.Config.Options, a.bounds.Requests)
		if err != nil {
			return nil, err
		}
		count, err := a.observe(r, lease, told)
		if err != nil {
			if mistake, is := err.(*request.Error); is && !array {
				mistake.Row = -1
			}
			return nil, err
		}
		return append(strconv.AppendInt(append(dst, `{"status":"ok","stored":`...), int64(count), 10), '}'), nil
	})
}

// observe forecasts what comes with a request, and stores all.
func (a *API) observe(r *http.Request, lease *serving.Lease, told []request.Report) (int, error) {
	reports := make([]observations.Report, len(told))
	begun := time.Now()
	for row := range told {
		from := &told[row]
		reports[row] = observations.Report{ID: from.ID, Measured: from.Measured, ObservedAt: from.ObservedAt}
		if from.Request == nil {
			continue
		}
		if row%64 == 63 {
			if err := a.inTime(r, begun); err != nil {
				return 0, err
			}
		}
		result, err := lease.Forecast(from.Request)
		if err != nil {
			return 0, request.InRow(request.Within(err, "request"), row)
		}
		kept, err := toKeep(lease, from.Request, &result, begun)
		if err != nil {
			return 0, request.InRow(err, row)
		}
		reports[row].Forecast = &kept
	}
	count, err := a.feedback.Store().Observe(reports)
	return count, stored(err)
}
