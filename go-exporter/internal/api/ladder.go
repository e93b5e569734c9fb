package api

import (
	"net/http"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// Ladder answers POST /ladder: sizes and bitrates for adaptive streaming of a source.
func (a *API) Ladder() http.Handler { return a.handler(http.StatusOK, a.ladder) }

func (a *API) ladder(r *http.Request, lease *serving.Lease, body, dst []byte) ([]byte, error) {
	asked, options, err := request.ParseLadder(body, lease.Config.Options)
	if err != nil {
		return nil, err
	}
	if err := lease.Locate(asked); err != nil {
		return nil, err
	}
	options.Predict = asked.Options
	span := tracing.Start(r.Context(), "ladder")
	rungs, err := lease.Model.Ladder(asked.Features, options)
	tracing.Fail(span, err)
	span.End()
	if err != nil {
		return nil, err
	}
	return answer.WithCorrection(answer.AppendLadder(dst, rungs, options, lease.Model.Info().Version), asked), nil
}
