package api

import (
	"net/http"

	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// score answers a table by columns.
func score(_ *serving.Lease, _ *request.Table, _ []byte) ([]byte, error) {
	return nil, &request.Error{Status: http.StatusNotImplemented, Row: -1, Field: "columns", Reason: "tables by columns are not served yet"}
}
