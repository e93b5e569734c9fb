package encast

/*
#include <encast.h>
*/
import "C"

import "math"

// Target is a quantity that a model may forecast. The numbers never change.
type Target uint8

// The targets; their String is the name that they have in Rust, C, CSV and JSON.
const (
	TargetVMAF          Target = C.ENCAST_TARGET_VMAF
	TargetPSNR          Target = C.ENCAST_TARGET_PSNR
	TargetSSIM          Target = C.ENCAST_TARGET_SSIM
	TargetBitrateKbps   Target = C.ENCAST_TARGET_BITRATE_KBPS
	TargetEncodeSeconds Target = C.ENCAST_TARGET_ENCODE_SECONDS
	TargetCPUSeconds    Target = C.ENCAST_TARGET_CPU_SECONDS
	TargetCPUPercent    Target = C.ENCAST_TARGET_CPU_PERCENT
	TargetGPUPercent    Target = C.ENCAST_TARGET_GPU_PERCENT
	TargetPeakMemoryMB  Target = C.ENCAST_TARGET_PEAK_MEMORY_MB
	TargetEnergyKWh     Target = C.ENCAST_TARGET_ENERGY_KWH
	TargetCostUSD       Target = C.ENCAST_TARGET_COST_USD
	TargetCO2Kg         Target = C.ENCAST_TARGET_CO2_KG
)

// String returns the target's name, such as "vmaf"; "" for a number that is none.
func (t Target) String() string { return C.GoString(C.encast_target_name(C.uint32_t(t))) }

// Targets is what was measured of one encode, to train on. NaN means not measured: never 0. Start from [NewTargets].
type Targets struct {
	// Title is the source: encodes of one source carry the same title, and are never split between training and
	// judging. At most 127 bytes.
	Title string

	VMAF          float64 // 0-100
	PSNR          float64 // dB
	SSIM          float64 // 0-1
	BitrateKbps   float64 // that the encode came out with, kbit/s
	EncodeSeconds float64 // elapsed time
	CPUSeconds    float64 // over all cores
	CPUPercent    float64 // percent of one core
	GPUPercent    float64 // percent
	PeakMemoryMB  float64 // MB (10⁶ bytes)
	EnergyKWh     float64 // of the whole job
	CostUSD       float64 // of the whole job
	CO2Kg         float64 // of the whole job, kg CO2e
}

// NewTargets returns targets of a title of which nothing is measured.
func NewTargets(title string) Targets {
	nan := math.NaN()
	return Targets{
		Title: title, VMAF: nan, PSNR: nan, SSIM: nan, BitrateKbps: nan, EncodeSeconds: nan, CPUSeconds: nan,
		CPUPercent: nan, GPUPercent: nan, PeakMemoryMB: nan, EnergyKWh: nan, CostUSD: nan, CO2Kg: nan,
	}
}
