package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// MonitorOptions tells what a monitor keeps, and when it warns. The zero value holds the defaults.
type MonitorOptions struct {
	Window    int     // newest observations of a target and codec that errors, bias and coverage are taken over, 1-10000; 0 means 200
	Inputs    int     // newest observations whose inputs are compared with the training, 1-10000; 0 means 500
	Threshold float64 // factor of every drift threshold, 0.1-100: above 1 there are fewer alarms, and later ones; 0 means 1
	PSIAlarm  float64 // population stability index from which on an input counts as drifted, at most 100; 0 means 0.25
}

// Monitor watches the forecasts of one model: errors, coverage and drift, and what would correct them. It keeps its
// model, which may be closed, and no file: a program that starts anew makes a new one and observes the stored
// observations again. Its memory is bounded: the 1024 titles observed last, with at most 48 encodes each, and windows.
// Calls of several goroutines wait for one another.
type Monitor struct {
	handle  *C.EncastMonitor // a number, not an address: the library tells when it was freed
	closed  atomic.Bool
	cleanup runtime.Cleanup
}

// NewMonitor makes a monitor of a model that has seen nothing yet.
func NewMonitor(model *Model, options MonitorOptions) (*Monitor, error) {
	cOptions := blankMonitorOptions
	for _, number := range []struct {
		field string
		value int
		place *C.uint32_t
	}{{"window", options.Window, &cOptions.window}, {"inputs", options.Inputs, &cOptions.inputs}} {
		if number.value < 0 || number.value > math.MaxInt32 {
			return nil, invalid(number.field, number.field+": must be from 1 to 10000")
		}
		if number.value != 0 {
			*number.place = C.uint32_t(number.value)
		}
	}
	if options.Threshold != 0 {
		cOptions.threshold = C.double(options.Threshold)
	}
	if options.PSIAlarm != 0 {
		cOptions.psi_alarm = C.double(options.PSIAlarm)
	}
	cModel, err := model.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(model)
	var handle *C.EncastMonitor
	failure := C.encast_go_failure{row: -1}
	if err := failed(C.encast_go_monitor_new(cModel, &cOptions, &handle, &failure), &failure); err != nil {
		return nil, err
	}
	monitor := &Monitor{handle: handle}
	monitor.cleanup = runtime.AddCleanup(monitor, func(handle *C.EncastMonitor) { C.encast_monitor_free(handle) }, handle)
	return monitor, nil
}

func (m *Monitor) use() (*C.EncastMonitor, error) {
	if m.handle == nil || m.closed.Load() {
		return nil, ErrClosed
	}
	return m.handle, nil
}

// Close frees the monitor; calls that use it meanwhile end as if it was not. More than one call does no harm. The error
// is always nil; it is there for io.Closer.
func (m *Monitor) Close() error {
	if m.handle != nil && m.closed.CompareAndSwap(false, true) {
		m.cleanup.Stop()
		C.encast_monitor_free(m.handle)
	}
	return nil
}

// Observation is one measured encode.
type Observation struct {
	Features Features // the request as it was forecast; its anchors are not looked at
	Measured Targets  // what was measured; an empty Title stands for a title of its own
	// Forecast is what was told of the encode, with a correction if there was one: errors, bias and coverage of
	// [Monitor.Errors] are of this. Nil is the model's own forecast. Drift and offsets are of the model's own forecast
	// always, which the monitor makes itself.
	Forecast *Result
	Level    float64 // probability that the intervals of Forecast promise; 0 means 0.9
	// AtSite tells that it ran at a [Site], and that Forecast was made there: times and loads, energy, cost and carbon are those
	// of another machine than the model's then. They have errors and coverage, where Forecast is given, and no part in drift and offsets.
	AtSite bool
}

// Observed is what one observation came to.
type Observed struct {
	Number  uint64  // of the observation, from 1, in the order of calls: DriftStream.Since counts in these
	Score   float64 // largest drift score of the streams that it belongs to, after it
	Alarm   bool    // one of these streams is in alarm
	Targets int     // measured values that could be held against a forecast of the model's own
}

// Observe takes one observation. Observations are given in the order in which they became known. After an error the
// monitor is as it was.
func (m *Monitor) Observe(observation Observation) (Observed, error) {
	cFeatures := blankFeatures
	if err := observation.Features.valuesToC(&cFeatures); err != nil {
		return Observed{}, err
	}
	var cMeasured C.EncastTargets
	if err := observation.Measured.toC(&cMeasured); err != nil {
		return Observed{}, err
	}
	if observation.AtSite {
		cMeasured.at_site = 1
	}
	var cForecast C.EncastResult
	var told *C.EncastResult
	if observation.Forecast != nil {
		cForecast = blankResult
		observation.Forecast.estimatesToC(&cForecast)
		told = &cForecast
	}
	handle, err := m.use()
	if err != nil {
		return Observed{}, err
	}
	defer runtime.KeepAlive(m)
	out := blankObserved
	failure := C.encast_go_failure{row: -1}
	status := C.encast_go_monitor_observe(handle, (*C.encast_go_features)(unsafe.Pointer(&cFeatures)), &cMeasured, told,
		C.double(observation.Level), &out, &failure)
	if status != C.ENCAST_STATUS_OK {
		return Observed{}, failed(status, &failure)
	}
	return Observed{
		Number: uint64(out.number), Score: float64(out.score), Alarm: out.alarm != 0, Targets: int(out.targets),
	}, nil
}

// estimatesToC writes what a monitor reads of an answer.
func (r *Result) estimatesToC(c *C.EncastResult) {
	for _, estimate := range []struct {
		from *Estimate
		to   *C.EncastEstimate
	}{
		{&r.VMAF, &c.vmaf},
		{&r.PSNR, &c.psnr},
		{&r.SSIM, &c.ssim},
		{&r.BitrateKbps, &c.bitrate_kbps},
		{&r.EncodeSeconds, &c.encode_seconds},
		{&r.CPUSeconds, &c.cpu_seconds},
		{&r.CPUPercent, &c.cpu_percent},
		{&r.GPUPercent, &c.gpu_percent},
		{&r.PeakMemoryMB, &c.peak_memory_mb},
		{&r.EnergyKWh, &c.energy_kwh},
		{&r.CostUSD, &c.cost_usd},
		{&r.CO2Kg, &c.co2_kg},
	} {
		estimate.to.value = C.double(estimate.from.Value)
		estimate.to.lower = C.double(estimate.from.Lower)
		estimate.to.upper = C.double(estimate.from.Upper)
	}
}
