package api

import (
	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// score answers a table by columns.
func (a *API) score(lease *serving.Lease, table *request.Table, dst []byte) ([]byte, error) {
	if err := lease.Locate(&table.Same); err != nil {
		return nil, request.Within(err, "columns")
	}
	table.Score.Same, table.Score.Options = table.Same.Features, table.Same.Options
	scores, err := lease.Model.Score(&table.Score)
	if err != nil {
		return nil, err
	}
	return answer.AppendScores(dst, scores, table.Score.Rows, lease.Model.Info().Version), nil
}
