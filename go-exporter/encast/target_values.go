//go:build cgo

package encast

import "math"

// targetPlaces has where each target stands in what was measured and in an answer, by its number.
var targetPlaces = [...]struct {
	measured func(*Targets) *float64
	forecast func(*Result) *Estimate
}{
	TargetVMAF:          {func(t *Targets) *float64 { return &t.VMAF }, func(r *Result) *Estimate { return &r.VMAF }},
	TargetPSNR:          {func(t *Targets) *float64 { return &t.PSNR }, func(r *Result) *Estimate { return &r.PSNR }},
	TargetSSIM:          {func(t *Targets) *float64 { return &t.SSIM }, func(r *Result) *Estimate { return &r.SSIM }},
	TargetBitrateKbps:   {func(t *Targets) *float64 { return &t.BitrateKbps }, func(r *Result) *Estimate { return &r.BitrateKbps }},
	TargetEncodeSeconds: {func(t *Targets) *float64 { return &t.EncodeSeconds }, func(r *Result) *Estimate { return &r.EncodeSeconds }},
	TargetCPUSeconds:    {func(t *Targets) *float64 { return &t.CPUSeconds }, func(r *Result) *Estimate { return &r.CPUSeconds }},
	TargetCPUPercent:    {func(t *Targets) *float64 { return &t.CPUPercent }, func(r *Result) *Estimate { return &r.CPUPercent }},
	TargetGPUPercent:    {func(t *Targets) *float64 { return &t.GPUPercent }, func(r *Result) *Estimate { return &r.GPUPercent }},
	TargetPeakMemoryMB:  {func(t *Targets) *float64 { return &t.PeakMemoryMB }, func(r *Result) *Estimate { return &r.PeakMemoryMB }},
	TargetEnergyKWh:     {func(t *Targets) *float64 { return &t.EnergyKWh }, func(r *Result) *Estimate { return &r.EnergyKWh }},
	TargetCostUSD:       {func(t *Targets) *float64 { return &t.CostUSD }, func(r *Result) *Estimate { return &r.CostUSD }},
	TargetCO2Kg:         {func(t *Targets) *float64 { return &t.CO2Kg }, func(r *Result) *Estimate { return &r.CO2Kg }},
}

// ParseTarget returns the target of that name.
func ParseTarget(name string) (Target, bool) {
	for _, target := range AllTargets() {
		if target.String() == name {
			return target, true
		}
	}
	return 0, false
}

// Value returns what was measured of a target; NaN when it was not. It panics when there is no such target.
func (t *Targets) Value(target Target) float64 { return *targetPlaces[target].measured(t) }

// Set sets what was measured of a target; NaN is not measured. It panics when there is no such target.
func (t *Targets) Set(target Target, value float64) { *targetPlaces[target].measured(t) = value }

// SetEstimate sets the forecast of a target, as when an answer is read back from where it was kept. It panics when there is no
// such target.
func (r *Result) SetEstimate(target Target, estimate Estimate) {
	*targetPlaces[target].forecast(r) = estimate
	switch target {
	case TargetVMAF:
		r.PredictedVMAF = estimate.Value
	case TargetPSNR:
		r.PredictedPSNR = estimate.Value
	case TargetCostUSD:
		r.PredictedCostUSD = estimate.Value
	case TargetCO2Kg:
		r.PredictedCO2Kg = estimate.Value
	}
}

// NewResult returns an answer that forecasts nothing.
func NewResult() Result {
	nan := math.NaN()
	r := Result{Confidence: nan, RecommendedBitrateKbps: nan, BestReachableVMAF: nan, SizeMB: nan, BandwidthMbps: nan}
	r.Resources = Resources{nan, nan, nan, nan, nan, nan, nan, nan, nan}
	for target := range Target(len(targetPlaces)) {
		r.SetEstimate(target, Estimate{nan, nan, nan})
	}
	return r
}
