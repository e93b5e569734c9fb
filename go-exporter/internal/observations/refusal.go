package observations

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"github.com/encast/encast/go-exporter/internal/label"
)

// What makes a request refused, to be matched with errors.Is.
var (
	ErrInvalid   = errors.New("invalid")                  // a value that can't be
	ErrUnknownID = errors.New("no forecast of that id")   // and no request that one could be made of
	ErrObserved  = errors.New("id is observed already")   // with other values, or for another request
	ErrDamaged   = errors.New("observations are damaged") // what is read is not what was written
	ErrClosed    = errors.New("observations are closed")  // the program is ending
	ErrInUse     = errors.New("file is in use by another process")
	ErrForeign   = errors.New("not a file of observations") // nothing of it was changed
)

// Refusal is the answer to what the caller did wrong: nothing of the call was written.
type Refusal struct {
	Row   int    // which of the call's, from 0
	Field string // to blame
	Err   error  // one of the errors above, with its reason
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Field, r.Err) }

func (r *Refusal) Unwrap() error { return r.Err }

// StatusOf returns the HTTP status that an error of this package is answered with.
func StatusOf(err error) int {
	switch {
	case errors.Is(err, ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, ErrUnknownID):
		return http.StatusNotFound
	case errors.Is(err, ErrObserved):
		return http.StatusConflict
	case noSpace(err):
		return http.StatusInsufficientStorage
	}
	return http.StatusServiceUnavailable
}

// noSpace tells a disk, a quota or a limit that is full: what passes when there is room again.
func noSpace(err error) bool {
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		// Where the library makes the file larger, it keeps only the text of the error.
		if errors.Is(err, full) || err != nil && strings.HasSuffix(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// checkText checks a text that becomes a key, a column or a label; it may be empty.
func checkText(field, text string, most int) error {
	if text == "" {
		return nil
	}
	if err := label.Check(text, most); err != nil {
		return &Refusal{Field: field, Err: fmt.Errorf("%w: %w", ErrInvalid, err)}
	}
	return nil
}
