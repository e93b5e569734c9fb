//go:build cgo

package encast

import "math"

// Estimate is a forecast and the interval that holds the true value with the promised probability: 0.9 unless
// PredictOptions.Level says otherwise. All three are NaN when the model does not predict the quantity.
type Estimate struct {
	Value, Lower, Upper float64
}

// Known tells whether the model predicted the quantity.
func (e Estimate) Known() bool { return !math.IsNaN(e.Value) }

// Result is the answer to one request. What the model does not predict is NaN, never 0.
type Result struct {
	PredictedVMAF    float64 // 0-100; the same as VMAF.Value
	PredictedPSNR    float64 // dB; the same as PSNR.Value
	PredictedCostUSD float64 // of the whole job, learnt or from the model's price profile
	PredictedCO2Kg   float64 // of the whole job, kg CO2e, learnt or from the model's profile

	// The forecasts with their intervals.
	VMAF          Estimate // 0-100
	PSNR          Estimate // dB
	SSIM          Estimate // 0-1
	BitrateKbps   Estimate // kbit/s, forecast when the request gives a CRF
	EncodeSeconds Estimate // of the whole job
	CPUSeconds    Estimate // of the whole job
	CPUPercent    Estimate // percent of one core
	GPUPercent    Estimate // percent
	PeakMemoryMB  Estimate // MB
	EnergyKWh     Estimate // of the whole job
	CostUSD       Estimate // of the whole job
	CO2Kg         Estimate // of the whole job, kg CO2e

	// Confidence, 0-1, tells how far the forecast of quality can be trusted.
	Confidence float64
	// RecommendedBitrateKbps is the smallest bitrate whose forecast VMAF reaches the target; NaN when none does, or
	// when the model forecasts no VMAF from a bitrate.
	RecommendedBitrateKbps float64
	// TargetUnreachable: no bitrate within the limits reaches the target. BestReachableVMAF is then what the highest
	// allowed bitrate reaches, otherwise NaN.
	TargetUnreachable bool
	BestReachableVMAF float64
	// SizeMB is the size of the encode (10⁶ bytes), BandwidthMbps its network rate.
	SizeMB, BandwidthMbps float64
	// OutOfRange holds the inputs outside of what the model saw in training, Ignored those that were given but not
	// used by any forecast of this answer.
	OutOfRange, Ignored FieldSet
	// Resources are the parts of energy, cost and carbon, known when the options name a site.
	Resources Resources
}

// Resources are the parts of what a job takes at a site, of the forecast itself; docs/cost-and-carbon.md has the
// formulas. What can't be said is NaN.
type Resources struct {
	EnergyCPUKWh     float64 // processors at work, above idling
	EnergyIdleKWh    float64 // the job's share of the idling machine
	EnergyMemoryKWh  float64 // memory
	CostComputeUSD   float64 // the job's share of the machine
	CostEgressUSD    float64 // sending the encode to the internet
	CostStorageUSD   float64 // keeping the encode
	CO2OperationalKg float64 // of the electricity, kg CO2e
	CO2EmbodiedKg    float64 // the job's share of making the machine, kg CO2e
	SCIGPerMinute    float64 // Software Carbon Intensity (ISO/IEC 21031), g CO2e per minute of content
}
