package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// Column holds the values of one input that differs from row to row.
type Column struct {
	Field  Field
	Values []float64 // of a numeric input, one a row, in the unit of the input; NaN is unknown
	Codes  []uint32  // of an input of names (codec, encoder, preset, machine): place in Names, one a row, or UnknownName
	Names  []string  // at most 65536
}

// UnknownName is the code of a row whose name is not known.
const UnknownName uint32 = C.ENCAST_UNKNOWN_NAME

// ScoreRequest is many requests at once, of which chosen targets are forecast. Same holds what is the same in every row,
// without anchors; what a column has stands in place of its field.
type ScoreRequest struct {
	Same      Features
	Columns   []Column
	Rows      int
	Targets   []Target
	Intervals bool           // the ends of the intervals too, which takes several times as long
	Options   PredictOptions // what concerns recommendations is checked but not used
}

// Scores holds the forecasts of one target, one a row, in its unit; NaN where the inputs of a row do not give it.
type Scores struct {
	Target       Target
	Values       []float64
	Lower, Upper []float64 // nil without intervals
}

// Score forecasts chosen targets of many encodes, all or none: bit for bit what [Model.Predict] gives for each row. The
// Row of an error tells which of the rows it is about. Rows that differ in bitrate or CRF only share most of the work.
func (m *Model) Score(request *ScoreRequest) ([]Scores, error) {
	if request.Rows < 0 {
		return nil, refused("row_count", fmt.Sprintf("row_count = %d: must be at least 0", request.Rows))
	}
	var cOptions C.EncastPredictOptions
	if err := request.Options.toC(&cOptions); err != nil {
		return nil, err
	}
	defer request.Options.Site.release()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var cFeatures C.EncastFeatures
	if err := request.Same.toC(&cFeatures, &pinner); err != nil {
		return nil, err
	}
	cColumns := make([]C.EncastColumn, len(request.Columns))
	for i := range request.Columns {
		cColumns[i] = blankColumn
		if err := request.Columns[i].toC(&cColumns[i], request.Rows, &pinner); err != nil {
			return nil, err
		}
	}
	scores := make([]Scores, len(request.Targets))
	cScores := make([]C.EncastScores, len(request.Targets))
	for i, target := range request.Targets {
		cScores[i] = blankScores
		scores[i].toC(target, request, &cScores[i], &pinner)
	}
	handle, err := m.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	failure := C.encast_go_failure{row: -1}
	status := C.encast_go_score(handle, &cFeatures, unsafe.SliceData(cColumns), C.size_t(len(cColumns)),
		C.size_t(request.Rows), &cOptions, unsafe.SliceData(cScores), C.size_t(len(cScores)), &failure)
	if err := failed(status, &failure); err != nil {
		return nil, err
	}
	return scores, nil
}

func refused(field, text string) error {
	return &Error{Status: ErrInvalidField, Text: text, Field: field, Row: -1}
}

// toC writes a column into a struct that starts out blank. Its memory stays where it is until the pinner lets go.
func (c *Column) toC(column *C.EncastColumn, rows int, pinner *runtime.Pinner) error {
	length, what := len(c.Values), "values"
	if !c.Field.IsNumeric() {
		length, what = len(c.Codes), "codes"
	}
	if length != rows {
		text := fmt.Sprintf("column %s: %d %s, must be %d as there are rows", c.Field, length, what, rows)
		return &Error{Status: ErrLengthMismatch, Text: text, Field: c.Field.String(), Row: -1}
	}
	column.field = C.uint32_t(c.Field)
	// A float64 is a C double.
	column.values = (*C.double)(unsafe.Pointer(pinned(pinner, c.Values)))
	column.codes = (*C.uint32_t)(unsafe.Pointer(pinned(pinner, c.Codes)))
	if len(c.Names) == 0 {
		return nil
	}
	length = 0
	for _, name := range c.Names {
		if strings.IndexByte(name, 0) >= 0 {
			return &Error{Status: ErrBadText, Text: c.Field.String() + ": holds a NUL", Field: c.Field.String(), Row: -1}
		}
		length += len(name) + 1
	}
	// With room for all from the start, the texts stay where they are.
	texts := make([]byte, 0, length)
	names := make([]*C.char, len(c.Names))
	for i, name := range c.Names {
		begin := len(texts)
		texts = append(append(texts, name...), 0)
		names[i] = (*C.char)(unsafe.Pointer(&texts[begin]))
	}
	pinned(pinner, texts)
	column.names = pinned(pinner, names)
	column.name_count = C.size_t(len(names))
	return nil
}

// toC makes room for the forecasts of a target, and writes where it is into a struct that starts out blank.
func (s *Scores) toC(target Target, request *ScoreRequest, c *C.EncastScores, pinner *runtime.Pinner) {
	s.Target, s.Values = target, make([]float64, request.Rows)
	c.target = C.uint32_t(target)
	// Never null, also for no rows.
	place := func(values []float64) *C.double {
		if len(values) == 0 {
			values = make([]float64, 1)
		}
		return (*C.double)(unsafe.Pointer(pinned(pinner, values)))
	}
	c.values = place(s.Values)
	if request.Intervals {
		s.Lower, s.Upper = make([]float64, request.Rows), make([]float64, request.Rows)
		c.lower, c.upper = place(s.Lower), place(s.Upper)
	}
}

// pinned keeps the elements of a slice where they are, and returns the first; nil when there is none.
func pinned[T any](pinner *runtime.Pinner, slice []T) *T {
	if len(slice) == 0 {
		return nil
	}
	first := unsafe.SliceData(slice)
	pinner.Pin(first)
	return first
}
