package encast

// Every call goes through a wrapper that copies the text of the last error before it returns: that text belongs to the
// thread, and the next call of a goroutine may run on another one. No wrapper keeps a pointer or calls back into Go.

/*
#cgo noescape encast_go_text
#cgo nocallback encast_go_text
#cgo noescape encast_go_field
#cgo nocallback encast_go_field
#cgo noescape encast_go_predict
#cgo nocallback encast_go_predict
#cgo noescape encast_go_predict_plain
#cgo nocallback encast_go_predict_plain
#cgo noescape encast_go_predict_batch
#cgo nocallback encast_go_predict_batch
#cgo noescape encast_go_score
#cgo nocallback encast_go_score
#cgo noescape encast_go_compare
#cgo nocallback encast_go_compare
#cgo noescape encast_go_recommend
#cgo nocallback encast_go_recommend
#cgo noescape encast_go_ladder
#cgo nocallback encast_go_ladder
#cgo noescape encast_go_advise
#cgo nocallback encast_go_advise
#cgo noescape encast_go_load_profiles
#cgo nocallback encast_go_load_profiles
#cgo noescape encast_go_parse_profiles
#cgo nocallback encast_go_parse_profiles
#cgo noescape encast_go_new_site
#cgo nocallback encast_go_new_site
#cgo noescape encast_go_retrain
#cgo nocallback encast_go_retrain
#cgo noescape encast_go_load
#cgo nocallback encast_go_load
#cgo noescape encast_go_load_default
#cgo nocallback encast_go_load_default
#cgo noescape encast_go_load_memory
#cgo nocallback encast_go_load_memory
#cgo noescape encast_go_load_with
#cgo nocallback encast_go_load_with
#cgo noescape encast_go_load_memory_with
#cgo nocallback encast_go_load_memory_with
#cgo noescape encast_go_save
#cgo nocallback encast_go_save
#cgo noescape encast_go_info
#cgo nocallback encast_go_info
#cgo noescape encast_go_metadata
#cgo nocallback encast_go_metadata
#cgo noescape encast_go_number_of
#cgo nocallback encast_go_number_of
#cgo noescape encast_go_analyzer_new
#cgo nocallback encast_go_analyzer_new
#cgo noescape encast_go_analyzer_push_frame
#cgo nocallback encast_go_analyzer_push_frame
#cgo noescape encast_go_analyzer_finish
#cgo nocallback encast_go_analyzer_finish
#cgo noescape encast_go_analyzer_segment
#cgo nocallback encast_go_analyzer_segment
#cgo noescape encast_go_analyzer_cut
#cgo nocallback encast_go_analyzer_cut
#cgo noescape encast_go_monitor_new
#cgo nocallback encast_go_monitor_new
#cgo noescape encast_go_monitor_observe
#cgo nocallback encast_go_monitor_observe
#cgo noescape encast_go_monitor_streams
#cgo nocallback encast_go_monitor_streams
#cgo noescape encast_go_monitor_errors
#cgo nocallback encast_go_monitor_errors
#cgo noescape encast_go_monitor_inputs
#cgo nocallback encast_go_monitor_inputs
#cgo noescape encast_go_monitor_offsets
#cgo nocallback encast_go_monitor_offsets
#cgo noescape encast_go_monitor_correction
#cgo nocallback encast_go_monitor_correction
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// failed turns a status and what was copied of the last error into an error, and frees the copies.
func failed(status C.int32_t, failure *C.encast_go_failure) error {
	if status == C.ENCAST_STATUS_OK {
		return nil
	}
	text, field := C.encast_go_text(failure), C.encast_go_field(failure)
	defer C.free(unsafe.Pointer(text))
	defer C.free(unsafe.Pointer(field))
	if status == C.ENCAST_STATUS_BAD_HANDLE { // closed after the call began
		return ErrClosed
	}
	err := &Error{Status: Status(status), Text: C.GoString(text), Field: C.GoString(field), Row: int(failure.row)}
	if err.Text == "" {
		err.Text = err.Status.Error()
	}
	return err
}

// mustInit is for the init functions, which only fail when header and library do not belong together.
func mustInit(status C.int32_t) {
	if status != C.ENCAST_STATUS_OK {
		panic(fmt.Sprintf("encast: header and library do not fit: %s", Status(status)))
	}
}

// putText writes a text and its NUL into a fixed array of C. It tells whether there was room.
func putText(array []C.char, text string) bool {
	if len(text) >= len(array) {
		return false
	}
	for i := range len(text) {
		if text[i] == 0 {
			return false
		}
		array[i] = C.char(text[i])
	}
	array[len(text)] = 0
	return true
}

// textOf reads a NUL-terminated text from a fixed array of C.
func textOf(array []C.char) string {
	text := make([]byte, 0, len(array))
	for _, char := range array {
		if char == 0 {
			break
		}
		text = append(text, byte(char))
	}
	return string(text)
}

// Version returns the version of the linked library.
func Version() string { return C.GoString(C.encast_version()) }

// LiveHandles tells how many models, sites, profiles, analyzers and monitors of the whole process were made and not closed yet, be it
// from Go or from C: for tests that look for leaks.
func LiveHandles() int { return int(C.encast_live_handles()) }

// libraryFieldName returns the name that the library gives to a field's number; "" when it has no such field.
func libraryFieldName(number int) string { return C.GoString(C.encast_field_name(C.uint32_t(number))) }
