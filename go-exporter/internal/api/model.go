package api

import (
	"bytes"
	"net/http"

	"github.com/encast/encast/go-exporter/internal/serving"
)

// Model answers GET /model: what the model in use says of itself.
func (a *API) Model() http.Handler { return a.handler(http.StatusOK, a.model) }

func (a *API) model(_ *http.Request, lease *serving.Lease, _, dst []byte) ([]byte, error) {
	metadata, err := lease.Model.Metadata()
	if err != nil {
		return nil, err
	}
	// Metadata is an object with names of its own, all of which stay.
	dst = append(dst, bytes.TrimSuffix(bytes.TrimSpace(metadata), []byte{'}'})...)
	correction, err := a.correction()
	if err != nil {
		return nil, err
	}
	return append(append(append(dst, `,"correction":`...), correction...), '}'), nil
}
