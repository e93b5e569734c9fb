package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"
)

// Model is a trained model. It never changes; any number of goroutines may use it at the same time. Close it when it
// is not needed any more: the garbage collector does not see how large it is.
type Model struct {
	handle  *C.EncastModel // a number, not an address: the library tells when it was freed
	closed  atomic.Bool
	info    Info
	cleanup runtime.Cleanup
}

// Info is what a model says of itself, in short.
type Info struct {
	Version       string    // of the model
	FormatVersion int       // of the bundle
	TrainedAt     time.Time // UTC
	Rows, Titles  int       // that it was trained on
	Trees         int       // in it
	Targets       []Target  // that it forecasts
	VMAFR2        float64   // R² of VMAF on unseen titles, richest tier, bitrate given; NaN when it was not measured
	PSNRR2        float64   // R² of PSNR, likewise
	VMAFModel     string    // name of the VMAF model of its labels; empty when it does not say
	Licence       string    // empty when it does not say
}

// Load loads a model from a file, JSON or binary by its content. Everything in it is checked.
func Load(path string) (*Model, error) {
	cPath, err := pathToC(path)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(cPath))
	return load(func(handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_load(cPath, handle, failure)
	})
}

// LoadDefault loads the default model, which is part of the library.
func LoadDefault() (*Model, error) {
	return load(func(handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_load_default(handle, failure)
	})
}

// LoadBytes loads a model from the bytes of a bundle, JSON or binary by their content.
func LoadBytes(bundle []byte) (*Model, error) {
	return load(func(handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_load_memory(unsafe.Pointer(unsafe.SliceData(bundle)), C.size_t(len(bundle)), handle, failure)
	})
}

func pathToC(path string) (*C.char, error) {
	if strings.IndexByte(path, 0) >= 0 {
		return nil, &Error{Status: ErrIO, Text: "path: holds a NUL", Field: "path", Row: -1}
	}
	return C.CString(path), nil
}

// load makes a model of a handle that the library hands out.
func load(open func(**C.EncastModel, *C.encast_go_failure) C.int32_t) (*Model, error) {
	var handle *C.EncastModel
	failure := C.encast_go_failure{row: -1}
	if err := failed(open(&handle, &failure), &failure); err != nil {
		return nil, err
	}
	model := &Model{handle: handle}
	model.cleanup = runtime.AddCleanup(model, func(handle *C.EncastModel) { C.encast_free_model(handle) }, handle)
	info := blankInfo
	failure = C.encast_go_failure{row: -1}
	if err := failed(C.encast_go_info(handle, &info, &failure), &failure); err != nil {
		model.Close()
		return nil, err
	}
	model.info.fromC(&info)
	return model, nil
}

func (i *Info) fromC(c *C.EncastModelInfo) {
	*i = Info{
		Version:       textOf(c.version[:]),
		FormatVersion: int(c.format_version),
		TrainedAt:     time.Unix(int64(c.trained_at), 0).UTC(),
		Rows:          int(c.rows),
		Titles:        int(c.titles),
		Trees:         int(c.trees),
		VMAFR2:        float64(c.vmaf_r2),
		PSNRR2:        float64(c.psnr_r2),
		VMAFModel:     textOf(c.vmaf_model[:]),
		Licence:       textOf(c.licence[:]),
	}
	for target := range Target(64) {
		if c.targets>>target&1 == 1 {
			i.Targets = append(i.Targets, target)
		}
	}
}

// Info returns what the model says of itself; also after Close.
func (m *Model) Info() Info { return m.info }

// Metadata returns all that the model says of itself: the metadata of the bundle's JSON form.
func (m *Model) Metadata() (json.RawMessage, error) {
	handle, err := m.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	var length C.size_t
	failure := C.encast_go_failure{row: -1}
	err = failed(C.encast_go_metadata(handle, nil, 0, &length, &failure), &failure)
	if status, ok := err.(*Error); !ok || status.Status != C.ENCAST_STATUS_BUFFER_TOO_SMALL {
		return nil, err
	}
	buffer := make([]byte, length+1)
	failure = C.encast_go_failure{row: -1}
	text := (*C.char)(unsafe.Pointer(unsafe.SliceData(buffer)))
	if err := failed(C.encast_go_metadata(handle, text, C.size_t(len(buffer)), &length, &failure), &failure); err != nil {
		return nil, err
	}
	return buffer[:length], nil
}

// Save saves the model: as JSON when the name ends in ".json", else as compact binary. The file appears whole or not
// at all; on failure an existing file is as it was, unless the error says that only its folder could not be synced: then the
// new file is there, and may be lost when the machine stops.
func (m *Model) Save(path string) error {
	cPath, err := pathToC(path)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(cPath))
	failure := C.encast_go_failure{row: -1}
	handle, err := m.use()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(m)
	return failed(C.encast_go_save(handle, cPath, &failure), &failure)
}

// use returns the handle. Without a lock: should another goroutine close the model after it, the library says so, or goes
// on with a call that has begun.
func (m *Model) use() (*C.EncastModel, error) {
	if m.handle == nil || m.closed.Load() {
		return nil, ErrClosed
	}
	return m.handle, nil
}

// Close frees the model; calls that use it meanwhile end as if it was not. More than one call does no harm. The error is always
// nil; it is there for io.Closer.
func (m *Model) Close() error {
	if m.handle != nil && m.closed.CompareAndSwap(false, true) {
		m.cleanup.Stop()
		C.encast_free_model(m.handle)
	}
	return nil
}
