package api

import (
	"net/http"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// score answers a table by columns.
func (a *API) score(r *http.Request, lease *serving.Lease, table *request.Table, dst []byte) ([]byte, error) {
	if err := lease.Locate(&table.Same); err != nil {
		return nil, request.Within(err, "columns")
	}
	table.Score.Same, table.Score.Options = table.Same.Features, table.Same.Options
	span := tracing.Start(r.Context(), "score")
	scores, err := lease.Model.Score(&table.Score)
	tracing.Fail(span, err)
	span.End()
	if err != nil {
		return nil, err
	}
	return answer.WithCorrection(answer.AppendScores(dst, scores, table.Score.Rows, lease.Model.Info().Version), &table.Same), nil
}
