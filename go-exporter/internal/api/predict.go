package api

import (
	"net/http"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/observations"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// Predict answers POST /predict: a request, an array of requests, or a table by columns.
func (a *API) Predict() http.Handler { return a.handler(http.StatusOK, a.predict) }

func (a *API) predict(r *http.Request, lease *serving.Lease, body, dst []byte) ([]byte, error) {
	bounds := request.Bounds{Requests: a.bounds.Requests, Rows: a.bounds.Rows}
	asked, err := request.ParsePredict(body, lease.Config.Options, bounds)
	if err != nil {
		return nil, err
	}
	if asked.Table != nil {
		return a.score(r, lease, asked.Table, dst)
	}
	version := lease.Model.Info().Version
	if !asked.Array {
		one := &asked.Requests[0]
		result, err := forecast(r, lease, one)
		if err != nil {
			return nil, err
		}
		if err := a.record(lease, asked.Requests, []encast.Result{result}); err != nil {
			if mistake, is := err.(*request.Error); is {
				mistake.Row = -1
			}
			return nil, err
		}
		return answer.AppendForecast(dst, one, &result, version), nil
	}
	results := make([]encast.Result, len(asked.Requests))
	if err := a.forecasts(r, lease, asked.Requests, results); err != nil {
		return nil, err
	}
	if err := a.record(lease, asked.Requests, results); err != nil {
		return nil, err
	}
	dst = append(dst, '[')
	for row := range results {
		if row > 0 {
			dst = append(dst, ',')
		}
		dst = answer.AppendForecast(dst, &asked.Requests[row], &results[row], version)
	}
	return append(dst, ']'), nil
}

// forecast makes a forecast, as a span of the request's.
func forecast(r *http.Request, lease *serving.Lease, asked *request.Request) (encast.Result, error) {
	span := tracing.Start(r.Context(), "forecast")
	defer span.End()
	result, err := lease.Forecast(asked)
	tracing.Fail(span, err)
	return result, err
}

// forecasts makes all forecasts of an array, as one span of the request's.
func (a *API) forecasts(r *http.Request, lease *serving.Lease, asked []request.Request, results []encast.Result) (err error) {
	span := tracing.Start(r.Context(), "forecasts")
	defer span.End()
	defer func() { tracing.Fail(span, err) }()
	begun := time.Now()
	for row := range asked {
		if row%64 == 63 {
			if err := a.inTime(r, begun); err != nil {
				return err
			}
		}
		if results[row], err = lease.Forecast(&asked[row]); err != nil {
			return request.InRow(err, row)
		}
	}
	return nil
}

// inTime ends work that nobody waits for any more, or that takes too long.
func (a *API) inTime(r *http.Request, begun time.Time) error {
	if err := r.Context().Err(); err != nil {
		return &request.Error{Status: http.StatusServiceUnavailable, Row: -1, Reason: "the client went away", Err: err}
	}
	if time.Since(begun) > a.bounds.Time {
		mistake := request.Mistake("", "takes longer than %s: ask for less at a time", a.bounds.Time)
		mistake.Status = http.StatusServiceUnavailable
		return mistake
	}
	return nil
}

// record keeps the forecasts that have an id, all or none.
func (a *API) record(lease *serving.Lease, asked []request.Request, results []encast.Result) error {
	if a.feedback == nil {
		return nil
	}
	var kept []observations.Forecast
	var rows []int
	now := time.Now()
	for row := range asked {
		if asked[row].ID == "" {
			continue
		}
		one, err := toKeep(lease, &asked[row], &results[row], now)
		if err != nil {
			return request.InRow(err, row)
		}
		kept, rows = append(kept, one), append(rows, row)
	}
	if kept == nil {
		return nil
	}
	err := stored(a.feedback.Store().Record(kept))
	if mistake, is := err.(*request.Error); is && mistake.Row >= 0 {
		mistake.Row = rows[mistake.Row]
	}
	return err
}
