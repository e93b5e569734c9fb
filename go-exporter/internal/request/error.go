package request

import (
	"fmt"
	"net/http"
	"strings"
)

// Error tells what is wrong with a request.
type Error struct {
	Status int    // of HTTP; 0 means 400
	Field  string // name of the field, when one is to blame
	Row    int    // index in an array, -1 when there is none
	Reason string // names value and bound, where there are such
	Err    error  // what caused it, if anything did
}

func (e *Error) Error() string {
	var text strings.Builder
	if e.Row >= 0 {
		fmt.Fprintf(&text, "row %d: ", e.Row)
	}
	if e.Field != "" && !strings.HasPrefix(e.Reason, e.Field) {
		text.WriteString(e.Field + ": ")
	}
	text.WriteString(e.Reason)
	return text.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus returns the status code of the answer.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// Mistake returns an error about a field; empty when none is to blame.
func Mistake(field, format string, args ...any) *Error {
	return &Error{Field: field, Row: -1, Reason: fmt.Sprintf(format, args...)}
}

// shown shortens what a client sent, for errors.
func shown[T ~string | ~[]byte](text T) string {
	const most = 40
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
