package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// DriftStream tells of the residuals, measured minus the model's own forecast, of one target, codec and encoder.
type DriftStream struct {
	Target  Target
	Codec   Codec   // 0: not known
	Encoder Encoder // 0: not known
	Count   int     // observations so far
	// Bias is the mean residual over the window: in the target's unit for VMAF, PSNR, SSIM and percentages; of amounts
	// (bitrate, times, memory, energy, cost, carbon) the base-2 logarithm of the ratio.
	Bias      float64
	Shift     float64 // the estimated shift from Since on, as Bias; shrunk towards 0, with titles as random effects
	Statistic float64 // of drift, at least 0
	Threshold float64 // Statistic from which on the stream is in alarm
	Score     float64 // Statistic / Threshold: 1 and more is an alarm
	Alarm     bool
	Since     uint64 // Observed.Number of the first observation of the shift; 0 while nothing speaks for one
}

// ForecastError tells of the errors of what was told, over the window, of one target and codec.
type ForecastError struct {
	Target        Target
	Codec         Codec   // 0: not known
	Count         int     // observations in the window
	Total         uint64  // observations so far
	Bias          float64 // mean of measured minus forecast, in the target's unit, like all that follow
	MAE           float64 // mean absolute error
	P50, P90, P99 float64 // quantiles of the absolute error
	Covered       int     // how many of Count were measured within the interval of their forecast
	Nominal       float64 // what the intervals promised, on average: a probability
}

// InputDrift tells how one input of the newest observations compares with the rows that the model was trained on.
type InputDrift struct {
	Field      Field
	PSI        float64 // population stability index; NaN: the model does not know its training's shares, or fewer than 50 values
	Threshold  float64 // PSI from which on the input counts as drifted, at this count
	Count      int     // values in the window: titles for inputs that describe the source, else encodes
	OutOfRange float64 // share of them outside of what the model saw in training, 0-1
	Alarm      bool    // PSI is at least Threshold
}

// Offset is what a correction would add to the forecasts of a target for a codec.
type Offset struct {
	Target Target
	Codec  Codec   // 0: not known
	Offset float64 // VMAF points, dB, or of amounts the base-2 logarithm of a factor; 0 where too little speaks for anything else
	Count  int     // observations since the shift began
}

// Correction is what is added to forecasts, by codec: the index is the Codec, 0 for requests that name none. The zero
// value changes nothing, to the bit.
type Correction struct {
	VMAF           [8]float64 // points, -100 to 100
	PSNR           [8]float64 // dB, -60 to 60
	BitrateOctaves [8]float64 // base-2 logarithm of a factor, -10 to 10; of a bitrate that is forecast from a CRF
	EncodeOctaves  [8]float64 // of encode_seconds, likewise
	CPUOctaves     [8]float64 // of cpu_seconds, likewise: energy, cost and carbon that follow from it move with it
}

// IsZero tells whether the correction changes nothing.
func (c Correction) IsZero() bool { return c == Correction{} }

func (c *Correction) toC(options *C.EncastPredictOptions) {
	for codec := range c.VMAF {
		options.vmaf_offsets[codec] = C.double(c.VMAF[codec])
		options.psnr_offsets[codec] = C.double(c.PSNR[codec])
		options.bitrate_octaves[codec] = C.double(c.BitrateOctaves[codec])
		options.encode_octaves[codec] = C.double(c.EncodeOctaves[codec])
		options.cpu_octaves[codec] = C.double(c.CPUOctaves[codec])
	}
}

// rowsAtFirst has room for most lists of a monitor.
const rowsAtFirst = 64

// list asks for rows, again with more room when there are more.
func list[C1, Row any](m *Monitor, blank C1, convert func(*C1) Row,
	ask func(*C.EncastMonitor, *C1, C.size_t, *C.size_t, *C.encast_go_failure) C.int32_t) ([]Row, error) {
	handle, err := m.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	count := C.size_t(rowsAtFirst)
	for {
		room := make([]C1, count)
		for i := range room {
			room[i] = blank
		}
		failure := C.encast_go_failure{row: -1}
		status := ask(handle, unsafe.SliceData(room), C.size_t(len(room)), &count, &failure)
		if status == C.ENCAST_STATUS_BUFFER_TOO_SMALL {
			_ = failed(status, &failure) // frees what was copied of the error
			continue
		}
		if err := failed(status, &failure); err != nil {
			return nil, err
		}
		rows := make([]Row, count)
		for i := range rows {
			rows[i] = convert(&room[i])
		}
		return rows, nil
	}
}

// Streams tells bias and drift of the model's own forecasts, by target, codec and encoder.
func (m *Monitor) Streams() ([]DriftStream, error) {
	convert := func(c *C.EncastDriftStream) DriftStream {
		return DriftStream{
			Target: Target(c.target), Codec: Codec(c.codec), Encoder: Encoder(c.encoder), Count: int(c.count),
			Bias: float64(c.bias), Shift: float64(c.shift), Statistic: float64(c.statistic),
			Threshold: float64(c.threshold), Score: float64(c.score), Alarm: c.score >= 1, Since: uint64(c.since),
		}
	}
	return list(m, blankDriftStream, convert, func(handle *C.EncastMonitor, rows *C.EncastDriftStream, capacity C.size_t,
		count *C.size_t, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_monitor_streams(handle, rows, capacity, count, failure)
	})
}

// Errors tells errors and coverage of what was told, by target and codec.
func (m *Monitor) Errors() ([]ForecastError, error) {
	convert := func(c *C.EncastForecastErrors) ForecastError {
		return ForecastError{
			Target: Target(c.target), Codec: Codec(c.codec), Count: int(c.count), Total: uint64(c.total),
			Bias: float64(c.bias), MAE: float64(c.mae), P50: float64(c.p50), P90: float64(c.p90), P99: float64(c.p99),
			Covered: int(c.covered), Nominal: float64(c.nominal),
		}
	}
	return list(m, blankForecastErrors, convert, func(handle *C.EncastMonitor, rows *C.EncastForecastErrors,
		capacity C.size_t, count *C.size_t, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_monitor_errors(handle, rows, capacity, count, failure)
	})
}

// Inputs compares the inputs of the newest observations with those of the training, by field.
func (m *Monitor) Inputs() ([]InputDrift, error) {
	convert := func(c *C.EncastInputDrift) InputDrift {
		return InputDrift{
			Field: Field(c.field), PSI: float64(c.psi), Threshold: float64(c.threshold), Count: int(c.count),
			OutOfRange: float64(c.out_of_range), Alarm: c.alarm != 0,
		}
	}
	return list(m, blankInputDrift, convert, func(handle *C.EncastMonitor, rows *C.EncastInputDrift, capacity C.size_t,
		count *C.size_t, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_monitor_inputs(handle, rows, capacity, count, failure)
	})
}

// Offsets tells what a correction would add, by target and codec.
func (m *Monitor) Offsets() ([]Offset, error) {
	convert := func(c *C.EncastOffset) Offset {
		return Offset{Target: Target(c.target), Codec: Codec(c.codec), Offset: float64(c.offset), Count: int(c.count)}
	}
	return list(m, blankOffset, convert, func(handle *C.EncastMonitor, rows *C.EncastOffset, capacity C.size_t,
		count *C.size_t, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_monitor_offsets(handle, rows, capacity, count, failure)
	})
}

// Correction returns all offsets in the form that [PredictOptions] takes.
func (m *Monitor) Correction() (Correction, error) {
	handle, err := m.use()
	if err != nil {
		return Correction{}, err
	}
	defer runtime.KeepAlive(m)
	options := blankPredictOptions
	failure := C.encast_go_failure{row: -1}
	if err := failed(C.encast_go_monitor_correction(handle, &options, &failure), &failure); err != nil {
		return Correction{}, err
	}
	var correction Correction
	for codec := range correction.VMAF {
		correction.VMAF[codec] = float64(options.vmaf_offsets[codec])
		correction.PSNR[codec] = float64(options.psnr_offsets[codec])
		correction.BitrateOctaves[codec] = float64(options.bitrate_octaves[codec])
		correction.EncodeOctaves[codec] = float64(options.encode_octaves[codec])
		correction.CPUOctaves[codec] = float64(options.cpu_octaves[codec])
	}
	return correction, nil
}
