package encast

/*
#include <encast.h>
*/
import "C"

import (
	"errors"
	"io/fs"
)

// Status tells what kind of thing went wrong. Each status is a sentinel: errors.Is(err, encast.ErrCorrupt).
type Status int32

// What goes wrong, one sentinel each.
const (
	ErrInvalidField   Status = C.ENCAST_STATUS_INVALID_FIELD   // an input is not finite, or outside its bound
	ErrMissingField   Status = C.ENCAST_STATUS_MISSING_FIELD   // neither bitrate_kbps nor crf
	ErrUnknownName    Status = C.ENCAST_STATUS_UNKNOWN_NAME    // a codec, encoder, preset, machine or region that is not known
	ErrContradiction  Status = C.ENCAST_STATUS_CONTRADICTION   // an encoder of another codec
	ErrNotPredicted   Status = C.ENCAST_STATUS_NOT_PREDICTED   // the model has no forecast of what was asked for
	ErrLengthMismatch Status = C.ENCAST_STATUS_LENGTH_MISMATCH // slices that belong together differ in length
	ErrBadNumber      Status = C.ENCAST_STATUS_BAD_NUMBER      // a Codec, Encoder or ModelKind that is none
	ErrBadText        Status = C.ENCAST_STATUS_BAD_TEXT        // not UTF-8, or longer than the library takes
	ErrProfileSyntax  Status = C.ENCAST_STATUS_PROFILE_SYNTAX  // no TOML of machines, regions and prices
	ErrProfileValue   Status = C.ENCAST_STATUS_PROFILE_VALUE   // a machine, region or price outside its bound
	ErrNoFrame        Status = C.ENCAST_STATUS_NO_FRAME        // an analyzer was given no frame
	ErrBadState       Status = C.ENCAST_STATUS_BAD_STATE       // a frame for an analyzer that is finished

	ErrIO           Status = C.ENCAST_STATUS_IO            // a file could not be read or written
	ErrModelMissing Status = C.ENCAST_STATUS_MODEL_MISSING // also matches fs.ErrNotExist
	ErrWrongMagic   Status = C.ENCAST_STATUS_WRONG_MAGIC   // no model bundle
	ErrTruncated    Status = C.ENCAST_STATUS_TRUNCATED     // the bundle ends too early
	ErrChecksum     Status = C.ENCAST_STATUS_CHECKSUM      // not the bytes that were written
	ErrCorrupt      Status = C.ENCAST_STATUS_CORRUPT       // breaks a rule of the format
	ErrTooLarge     Status = C.ENCAST_STATUS_TOO_LARGE     // larger than any bundle may be
	ErrNewerFormat  Status = C.ENCAST_STATUS_NEWER_FORMAT  // written by a later version
	ErrUnsigned     Status = C.ENCAST_STATUS_UNSIGNED      // not signed, and a signature is required
	ErrBadSignature Status = C.ENCAST_STATUS_BAD_SIGNATURE // none of a trusted key for these bytes
	ErrBadKey       Status = C.ENCAST_STATUS_BAD_KEY       // public keys that are none

	ErrTooFew         Status = C.ENCAST_STATUS_TOO_FEW         // too few rows or titles to train on
	ErrConstantTarget Status = C.ENCAST_STATUS_CONSTANT_TARGET // nothing can be learnt
	ErrLearner        Status = C.ENCAST_STATUS_LEARNER         // the learner refused

	ErrOutOfMemory Status = C.ENCAST_STATUS_OUT_OF_MEMORY // no memory for what was asked for

	ErrPanic Status = C.ENCAST_STATUS_PANIC // a defect of the library was caught
)

// Classes of statuses, to be matched with errors.Is.
var (
	ErrInput     = errors.New("encast: bad input")             // what was given is wrong
	ErrModelFile = errors.New("encast: unusable model bundle") // reading or writing a bundle failed
	ErrTraining  = errors.New("encast: training failed")       // the rows can't be learnt from
)

// ErrClosed is the answer of a model, an analyzer, profiles or a site after Close.
var ErrClosed = errors.New("encast: already closed")

// Error returns the status's name, such as "invalid field".
func (s Status) Error() string { return C.GoString(C.encast_status_name(C.int32_t(s))) }

// Error is what the library answers when it can't do what was asked.
type Error struct {
	Status Status
	Text   string // names field, value and bound, where there are such
	Field  string // name of the input to blame, such as "bitrate_kbps"; empty when none is
	Row    int    // index of the row to blame in a batch, -1 when none is
}

func (e *Error) Error() string { return e.Text }

// Is matches the error's Status, and its class.
func (e *Error) Is(target error) bool {
	if status, ok := target.(Status); ok {
		return status == e.Status
	}
	switch target {
	case ErrInput:
		return e.Status == ErrBadNumber || e.Status == ErrBadText || e.Status >= 100 && e.Status < 200
	case ErrModelFile:
		return e.Status >= 200 && e.Status < 300
	case ErrTraining:
		return e.Status >= 300 && e.Status < 400
	case fs.ErrNotExist:
		return e.Status == ErrModelMissing
	}
	return false
}
