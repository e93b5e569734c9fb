//go:build cgo

package encast

import "math"

// AllTargets returns every quantity that a model may forecast, in the order of their numbers.
func AllTargets() []Target {
	var all []Target
	for target := Target(0); target.String() != ""; target++ {
		all = append(all, target)
	}
	return all
}

// Estimate returns the forecast of a target; its numbers are NaN when the model does not forecast it.
func (r *Result) Estimate(target Target) Estimate {
	switch target {
	case TargetVMAF:
		return r.VMAF
	case TargetPSNR:
		return r.PSNR
	case TargetSSIM:
		return r.SSIM
	case TargetBitrateKbps:
		return r.BitrateKbps
	case TargetEncodeSeconds:
		return r.EncodeSeconds
	case TargetCPUSeconds:
		return r.CPUSeconds
	case TargetCPUPercent:
		return r.CPUPercent
	case TargetGPUPercent:
		return r.GPUPercent
	case TargetPeakMemoryMB:
		return r.PeakMemoryMB
	case TargetEnergyKWh:
		return r.EnergyKWh
	case TargetCostUSD:
		return r.CostUSD
	case TargetCO2Kg:
		return r.CO2Kg
	}
	nan := math.NaN()
	return Estimate{nan, nan, nan}
}
