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

// The learners.
const (
	ModelKindBoosting ModelKind = C.ENCAST_MODEL_KIND_BOOSTING // gradient boosting
	ModelKindForest   ModelKind = C.ENCAST_MODEL_KIND_FOREST   // random forest
	// ModelKindBlend is smooth curves over the rate beside gradient boosting, each weighed by its error on unseen
	// titles. The default.
	ModelKindBlend ModelKind = C.ENCAST_MODEL_KIND_BLEND
)

// Retrain trains a model on measured encodes: features[i] was encoded, targets[i] was measured. Several titles of
// several rows each are needed; it takes seconds to minutes.
func Retrain(features []Features, targets []Targets, options RetrainOptions) (*Model, error) {
	if len(features) != len(targets) {
		text := fmt.Sprintf("targets: %d given, %d needed", len(targets), len(features))
		return nil, &Error{Status: ErrLengthMismatch, Text: text, Field: "targets", Row: -1}
	}
	var cOptions C.EncastRetrainOptions
	if err := options.toC(&cOptions); err != nil {
		return nil, err
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	cFeatures, err := featuresToC(features, &pinner)
	if err != nil {
		return nil, err
	}
	cTargets, err := rowsToC(targets, (*Targets).toC)
	if err != nil {
		return nil, err
	}
	return load(func(handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_retrain(unsafe.SliceData(cFeatures), unsafe.SliceData(cTargets), C.size_t(len(cFeatures)),
			&cOptions, handle, failure)
	})
}
