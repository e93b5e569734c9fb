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
func (m *Model) Predict(features Features) (Result, error) {
	return m.predict(&features, nil)
}

// PredictWith forecasts one encode.
func (m *Model) PredictWith(features Features, options PredictOptions) (Result, error) {
	if options == (PredictOptions{}) {
		return m.predict(&features, nil)
	}
	var cOptions C.EncastPredictOptions
	if err := options.toC(&cOptions); err != nil {
		return Result{}, err
	}
	defer options.Site.release()
	return m.predict(&features, &cOptions)
}

func (m *Model) predict(features *Features, options *C.EncastPredictOptions) (result Result, err error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var cFeatures C.EncastFeatures
	if err := features.toC(&cFeatures, &pinner); err != nil {
		return Result{}, err
	}
	cResult := blankResult
	failure := C.encast_go_failure{row: -1}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.handle == nil {
		return Result{}, ErrClosed
	}
	status := C.encast_go_predict(m.handle, &cFeatures, options, &cResult, &failure)
	if status != C.ENCAST_STATUS_OK {
		return Result{}, failed(status, &failure)
	}
	result.fromC(&cResult)
	return result, nil
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
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.handle == nil {
		return nil, ErrClosed
	}
	status := C.encast_go_predict_batch(m.handle, unsafe.SliceData(cFeatures), C.size_t(len(cFeatures)), &cOptions,
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
