package answer

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/request"
)

// JSON writes an answer whose body is JSON already.
func JSON(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header["Content-Type"] = contentType
	header["Cache-Control"] = noStore
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	// An error here is a client that went away.
	_, _ = w.Write(body)
}

// Values that all answers share: Set would make a slice each time.
var (
	contentType = []string{"application/json"}
	noStore     = []string{"no-store"}
)

// Failure writes what went wrong as {"status":"error","message":…}, with the field and the row to blame where they are
// known. The status code follows from the error: what the client can mend is 4xx.
func Failure(w http.ResponseWriter, err error) {
	status, field, row := StatusOf(err)
	body := append(make([]byte, 0, 256), '{')
	body = appendTextMember(body, "status", "error")
	body = appendTextMember(body, "message", err.Error())
	if field != "" {
		body = appendTextMember(body, "field", field)
	}
	if row >= 0 {
		body = strconv.AppendInt(appendName(body, "row"), int64(row), 10)
	}
	body = append(body, '}', '\n')
	JSON(w, status, body)
}

// StatusOf returns the status code that an error is answered with, and the field (or "") and the row (or -1) to blame.
func StatusOf(err error) (status int, field string, row int) {
	status, row = http.StatusInternalServerError, -1
	var failure *encast.Error
	if errors.As(err, &failure) {
		field, row = failure.Field, failure.Row
		if errors.Is(failure, encast.ErrInput) {
			status = http.StatusBadRequest
		}
	}
	var mistake *request.Error
	if errors.As(err, &mistake) {
		if mistake.Field != "" {
			field = mistake.Field
		}
		if mistake.Row >= 0 {
			row = mistake.Row
		}
		if failure == nil || mistake.Status != 0 {
			status = mistake.HTTPStatus()
		}
	}
	return status, field, row
}
