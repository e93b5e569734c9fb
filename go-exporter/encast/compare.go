package encast

/*
#include "wrappers.h"
*/
import "C"

import "runtime"

// Difference is what changes of one quantity from encode A to encode B, with intervals that hold with the probability
// PredictOptions.Level. All are NaN when one of the two encodes has no such forecast.
type Difference struct {
	Difference Estimate // the forecast of B minus that of A, in the quantity's unit
	Ratio      Estimate // the forecast of B over that of A; NaN for what is no amount: VMAF, PSNR, SSIM, CPU and GPU percent
}

// Known tells whether both encodes have a forecast of the quantity.
func (d Difference) Known() bool { return d.Difference.Known() }

// IsClear tells whether the interval leaves only one direction: B has surely more, or surely less, as far as intervals
// are sure.
func (d Difference) IsClear() bool { return d.Difference.Lower > 0 || d.Difference.Upper < 0 }

// Comparison is two encodes of one source side by side.
type Comparison struct {
	A, B Result // what [Model.PredictWith] says of each

	// What changes from A to B.
	VMAF          Difference
	PSNR          Difference // dB
	SSIM          Difference
	BitrateKbps   Difference // kbit/s; what a request gives, or what is forecast from its CRF
	EncodeSeconds Difference // of the whole job
	CPUSeconds    Difference // of the whole job
	CPUPercent    Difference // percent of one core
	GPUPercent    Difference // percent
	PeakMemoryMB  Difference // MB
	EnergyKWh     Difference // of the whole job
	CostUSD       Difference // of the whole job
	CO2Kg         Difference // of the whole job, kg CO2e
}

func differenceOf(c *C.EncastDifference) Difference {
	return Difference{Difference: estimateOf(&c.difference), Ratio: estimateOf(&c.ratio)}
}

func (r *Comparison) fromC(a, b *C.EncastResult, c *C.EncastComparison) {
	r.A.fromC(a)
	r.B.fromC(b)
	r.VMAF = differenceOf(&c.vmaf)
	r.PSNR = differenceOf(&c.psnr)
	r.SSIM = differenceOf(&c.ssim)
	r.BitrateKbps = differenceOf(&c.bitrate_kbps)
	r.EncodeSeconds = differenceOf(&c.encode_seconds)
	r.CPUSeconds = differenceOf(&c.cpu_seconds)
	r.CPUPercent = differenceOf(&c.cpu_percent)
	r.GPUPercent = differenceOf(&c.gpu_percent)
	r.PeakMemoryMB = differenceOf(&c.peak_memory_mb)
	r.EnergyKWh = differenceOf(&c.energy_kwh)
	r.CostUSD = differenceOf(&c.cost_usd)
	r.CO2Kg = differenceOf(&c.co2_kg)
}

// Compare forecasts two encodes of one source, and what changes from the first to the second; nil options are the
// defaults. The errors of the two forecasts go the same way, as most of an error is what is not known of the source:
// the intervals of the differences count on that, and do not hold for encodes of two different sources.
func (m *Model) Compare(a, b Features, options *PredictOptions) (comparison Comparison, err error) {
	if options == nil {
		options = &PredictOptions{}
	}
	var cOptions C.EncastPredictOptions
	if err := options.toC(&cOptions); err != nil {
		return Comparison{}, err
	}
	defer options.Site.release()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var cA, cB C.EncastFeatures
	if err := a.toC(&cA, &pinner); err != nil {
		return Comparison{}, err
	}
	if err := b.toC(&cB, &pinner); err != nil {
		return Comparison{}, err
	}
	resultA, resultB, cComparison := blankResult, blankResult, blankComparison
	failure := C.encast_go_failure{row: -1}
	handle, err := m.use()
	if err != nil {
		return Comparison{}, err
	}
	defer runtime.KeepAlive(m)
	status := C.encast_go_compare(handle, &cA, &cB, &cOptions, &resultA, &resultB, &cComparison, &failure)
	if status != C.ENCAST_STATUS_OK {
		return Comparison{}, failed(status, &failure)
	}
	comparison.fromC(&resultA, &resultB, &cComparison)
	return comparison, nil
}
