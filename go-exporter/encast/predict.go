package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Predict forecasts one encode with default options.
func (m *Model) Predict(features Features) (result Result, err error) {
	err = m.predict(&features, nil, &result)
	return
}

// PredictWith forecasts one encode.
func (m *Model) PredictWith(features Features, options PredictOptions) (result Result, err error) {
	if options == (PredictOptions{}) {
		err = m.predict(&features, nil, &result)
		return
	}
	var cOptions C.EncastPredictOptions
	if err := options.toC(&cOptions); err != nil {
		return Result{}, err
	}
	err = m.predict(&features, &cOptions, &result)
	options.Site.release()
	return
}

// predict writes the result on success only.
func (m *Model) predict(features *Features, options *C.EncastPredictOptions, result *Result) error {
	cFeatures := blankFeatures
	if err := features.valuesToC(&cFeatures); err != nil {
		return err
	}
	// The library writes every field that it knows: all of this header's, unless it is an older one.
	var cResult C.EncastResult
	if libraryIsOlder {
		cResult = blankResult
	}
	cResult.struct_size = C.sizeof_EncastResult
	failure := C.encast_go_failure{row: -1}
	status, err := m.ask(features.Anchors, &cFeatures, options, &cResult, &failure)
	if err != nil {
		return err
	}
	if status != C.ENCAST_STATUS_OK {
		return failed(status, &failure)
	}
	result.fromC(&cResult)
	return nil
}

func (m *Model) ask(anchors []Anchor, features *C.EncastFeatures, options *C.EncastPredictOptions, result *C.EncastResult,
	failure *C.encast_go_failure) (C.int32_t, error) {
	handle, err := m.use()
	if err != nil {
		return 0, err
	}
	if len(anchors) == 0 && options == nil {
		plain := (*C.encast_go_features)(unsafe.Pointer(features))
		status := C.encast_go_predict_plain(handle, plain, result, failure)
		runtime.KeepAlive(m)
		return status, nil
	}
	return m.askAnchored(anchors, features, options, result, failure)
}

// askAnchored is apart from ask, which has nothing to pin.
func (m *Model) askAnchored(anchors []Anchor, features *C.EncastFeatures, options *C.EncastPredictOptions,
	result *C.EncastResult, failure *C.encast_go_failure) (C.int32_t, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if err := anchorsToC(anchors, features, &pinner); err != nil {
		return 0, err
	}
	status := C.encast_go_predict(m.handle, features, options, result, failure)
	runtime.KeepAlive(m)
	return status, nil
}

// PredictBatch forecasts many encodes in one call; nil options are the defaults. The Row of an error tells which of
// the encodes it is about.
func (m *Model) PredictBatch(features []Features, options *PredictOptions) ([]Result, error) {
	if options == nil {
		options = &PredictOptions{}
	}
	var cOptions C.EncastPredictOptions
	if err := options.toC(&cOptions); err != nil {
		return nil, err
	}
	defer options.Site.release()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	cFeatures, err := featuresToC(features, &pinner)
	if err != nil {
		return nil, err
	}
	cResults := make([]C.EncastResult, len(features))
	for row := range cResults {
		cResults[row] = blankResult
	}
	failure := C.encast_go_failure{row: -1}
	handle, err := m.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	status := C.encast_go_predict_batch(handle, unsafe.SliceData(cFeatures), C.size_t(len(cFeatures)), &cOptions,
		unsafe.SliceData(cResults), &failure)
	if status != C.ENCAST_STATUS_OK {
		return nil, failed(status, &failure)
	}
	results := make([]Result, len(features))
	for row := range results {
		results[row].fromC(&cResults[row])
	}
	return results, nil
}

func featuresToC(features []Features, pinner *runtime.Pinner) ([]C.EncastFeatures, error) {
	return rowsToC(features, func(f *Features, c *C.EncastFeatures) error { return f.toC(c, pinner) })
}

// rowsToC converts rows; an error names the row.
func rowsToC[Row, C any](rows []Row, toC func(*Row, *C) error) ([]C, error) {
	converted := make([]C, len(rows))
	for row := range rows {
		if err := toC(&rows[row], &converted[row]); err != nil {
			if failure, ok := err.(*Error); ok {
				failure.Row = row
				failure.Text = fmt.Sprintf("row %d: %s", row, failure.Text)
			}
			return nil, err
		}
	}
	return converted, nil
}
