package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"time"
)

// Structs as the library's init functions leave them: a field that a later header adds keeps its default, although the
// conversions below do not know it.
var (
	blankFeatures       = blank(func(s *C.EncastFeatures) C.int32_t { return C.encast_features_init(s, C.sizeof_EncastFeatures) })
	blankAnchor         = blank(func(s *C.EncastAnchor) C.int32_t { return C.encast_anchor_init(s, C.sizeof_EncastAnchor) })
	blankTargets        = blank(func(s *C.EncastTargets) C.int32_t { return C.encast_targets_init(s, C.sizeof_EncastTargets) })
	blankResult         = blank(func(s *C.EncastResult) C.int32_t { return C.encast_result_init(s, C.sizeof_EncastResult) })
	blankInfo           = blank(func(s *C.EncastModelInfo) C.int32_t { return C.encast_model_info_init(s, C.sizeof_EncastModelInfo) })
	blankPredictOptions = blank(func(s *C.EncastPredictOptions) C.int32_t {
		return C.encast_predict_options_init(s, C.sizeof_EncastPredictOptions)
	})
	blankRetrainOptions = blank(func(s *C.EncastRetrainOptions) C.int32_t {
		return C.encast_retrain_options_init(s, C.sizeof_EncastRetrainOptions)
	})
	blankColumn     = blank(func(s *C.EncastColumn) C.int32_t { return C.encast_column_init(s, C.sizeof_EncastColumn) })
	blankScores     = blank(func(s *C.EncastScores) C.int32_t { return C.encast_scores_init(s, C.sizeof_EncastScores) })
	blankComparison = blank(func(s *C.EncastComparison) C.int32_t {
		return C.encast_comparison_init(s, C.sizeof_EncastComparison)
	})
	blankRecommendation = blank(func(s *C.EncastRecommendation) C.int32_t {
		return C.encast_recommendation_init(s, C.sizeof_EncastRecommendation)
	})
	blankLadderOptions = blank(func(s *C.EncastLadderOptions) C.int32_t {
		return C.encast_ladder_options_init(s, C.sizeof_EncastLadderOptions)
	})
	blankAdviseOptions = blank(func(s *C.EncastAdviseOptions) C.int32_t {
		return C.encast_advise_options_init(s, C.sizeof_EncastAdviseOptions)
	})
	blankProposal        = blank(func(s *C.EncastProposal) C.int32_t { return C.encast_proposal_init(s, C.sizeof_EncastProposal) })
	blankRung            = blank(func(s *C.EncastRung) C.int32_t { return C.encast_rung_init(s, C.sizeof_EncastRung) })
	blankAnalyzerOptions = blank(func(s *C.EncastAnalyzerOptions) C.int32_t {
		return C.encast_analyzer_options_init(s, C.sizeof_EncastAnalyzerOptions)
	})
	blankFrameComplexity = blank(func(s *C.EncastFrameComplexity) C.int32_t {
		return C.encast_frame_complexity_init(s, C.sizeof_EncastFrameComplexity)
	})
	blankComplexity = blank(func(s *C.EncastComplexity) C.int32_t {
		return C.encast_complexity_init(s, C.sizeof_EncastComplexity)
	})
	blankMonitorOptions = blank(func(s *C.EncastMonitorOptions) C.int32_t {
		return C.encast_monitor_options_init(s, C.sizeof_EncastMonitorOptions)
	})
	blankObserved    = blank(func(s *C.EncastObserved) C.int32_t { return C.encast_observed_init(s, C.sizeof_EncastObserved) })
	blankDriftStream = blank(func(s *C.EncastDriftStream) C.int32_t {
		return C.encast_drift_stream_init(s, C.sizeof_EncastDriftStream)
	})
	blankForecastErrors = blank(func(s *C.EncastForecastErrors) C.int32_t {
		return C.encast_forecast_errors_init(s, C.sizeof_EncastForecastErrors)
	})
	blankInputDrift = blank(func(s *C.EncastInputDrift) C.int32_t {
		return C.encast_input_drift_init(s, C.sizeof_EncastInputDrift)
	})
	blankOffset = blank(func(s *C.EncastOffset) C.int32_t { return C.encast_offset_init(s, C.sizeof_EncastOffset) })
)

// libraryIsOlder: it leaves fields of this header alone, which it does not know.
var libraryIsOlder = C.encast_abi_version() < C.ENCAST_ABI_VERSION

func blank[T any](init func(*T) C.int32_t) T {
	var value T
	mustInit(init(&value))
	return value
}

// putPreset writes a preset's name into a fixed array of C.
func putPreset(array []C.char, preset string) error {
	if putText(array, preset) {
		return nil
	}
	text := fmt.Sprintf("preset: %.40q is no preset of any encoder: it is longer than %d bytes, or holds a NUL", preset, len(array)-1)
	return &Error{Status: ErrUnknownName, Text: text, Field: "preset", Row: -1}
}

// toC writes features into a struct that starts out blank. Its anchors stay where they are until the pinner lets go.
func (f *Features) toC(c *C.EncastFeatures, pinner *runtime.Pinner) error {
	*c = blankFeatures
	if err := f.valuesToC(c); err != nil {
		return err
	}
	return anchorsToC(f.Anchors, c, pinner)
}

// valuesToC writes features without their anchors into a blank struct.
func (f *Features) valuesToC(c *C.EncastFeatures) error {
	if err := putPreset(c.preset[:], f.Preset); err != nil {
		return err
	}
	c.codec, c.encoder = C.int32_t(f.Codec), C.int32_t(f.Encoder)
	c.bitrate_kbps = C.double(f.BitrateKbps)
	c.resolution_width = C.double(f.ResolutionWidth)
	c.resolution_height = C.double(f.ResolutionHeight)
	c.frame_rate = C.double(f.FrameRate)
	c.frame_drop = C.double(f.FrameDrop)
	c.motion_intensity = C.double(f.MotionIntensity)
	c.crf = C.double(f.CRF)
	c.threads = C.double(f.Threads)
	c.source_width = C.double(f.SourceWidth)
	c.source_height = C.double(f.SourceHeight)
	c.source_frame_rate = C.double(f.SourceFrameRate)
	c.bit_depth = C.double(f.BitDepth)
	c.duration_s = C.double(f.DurationS)
	c.si_mean = C.double(f.SIMean)
	c.si_std = C.double(f.SIStd)
	c.ti_mean = C.double(f.TIMean)
	c.ti_std = C.double(f.TIStd)
	c.spatial_energy = C.double(f.SpatialEnergy)
	c.temporal_energy = C.double(f.TemporalEnergy)
	c.luminance = C.double(f.Luminance)
	c.probe_bitrate_kbps = C.double(f.ProbeBitrateKbps)
	c.probe_psnr = C.double(f.ProbePSNR)
	c.probe_vmaf = C.double(f.ProbeVMAF)
	c.static_share = C.double(f.StaticShare)
	c.passes = C.double(f.Passes)
	return put(c.machine[:], "machine", f.Machine)
}

func (t *Targets) toC(c *C.EncastTargets) error {
	*c = blankTargets
	if err := put(c.title[:], "title", t.Title); err != nil {
		return err
	}
	c.vmaf, c.psnr, c.ssim = C.double(t.VMAF), C.double(t.PSNR), C.double(t.SSIM)
	c.bitrate_kbps = C.double(t.BitrateKbps)
	c.encode_seconds = C.double(t.EncodeSeconds)
	c.cpu_seconds = C.double(t.CPUSeconds)
	c.cpu_percent = C.double(t.CPUPercent)
	c.gpu_percent = C.double(t.GPUPercent)
	c.peak_memory_mb = C.double(t.PeakMemoryMB)
	c.energy_kwh = C.double(t.EnergyKWh)
	c.cost_usd = C.double(t.CostUSD)
	c.co2_kg = C.double(t.CO2Kg)
	return nil
}

// put writes a text of the caller into a fixed array of C.
func put(array []C.char, field, text string) error {
	if putText(array, text) {
		return nil
	}
	what := fmt.Sprintf("%s: %.40q is longer than %d bytes, or holds a NUL", field, text, len(array)-1)
	return &Error{Status: ErrBadText, Text: what, Field: field, Row: -1}
}

func (p *Profile) toC(c *C.EncastProfile) error {
	if p == nil {
		return nil
	}
	c.usd_per_cpu_hour = C.double(p.USDPerCPUHour)
	c.watts_per_cpu = C.double(p.WattsPerCPU)
	c.pue = C.double(p.PUE)
	c.grid_g_per_kwh = C.double(p.GridGPerKWh)
	if err := put(c.name[:], "profile.name", p.Name); err != nil {
		return err
	}
	return put(c.source[:], "profile.source", p.Source)
}

// toC writes options into a struct that starts out blank. Once it succeeds the site is held, until its release.
func (o *PredictOptions) toC(c *C.EncastPredictOptions) error {
	*c = blankPredictOptions
	// 0 is the default, which the blank struct holds.
	for _, given := range []struct {
		value float64
		field *C.double
	}{
		{o.TargetVMAF, &c.target_vmaf},
		{o.MinBitrateKbps, &c.min_bitrate_kbps},
		{o.MaxBitrateKbps, &c.max_bitrate_kbps},
		{o.Level, &c.level},
		{o.Assurance, &c.assurance},
		{o.MinCRF, &c.min_crf},
		{o.MaxCRF, &c.max_crf},
		{o.MaxEncodeSeconds, &c.max_encode_seconds},
		{o.MaxCostUSD, &c.max_cost_usd},
		{o.MaxEnergyKWh, &c.max_energy_kwh},
		{o.MaxCO2Kg, &c.max_co2_kg},
		{o.MonthsStored, &c.months_stored},
		{o.Deliveries, &c.deliveries},
	} {
		if given.value != 0 {
			*given.field = C.double(given.value)
		}
	}
	if o.WholeMachine {
		c.whole_machine = 1
	}
	if !o.Correction.IsZero() {
		o.Correction.toC(c)
	}
	if err := o.Profile.toC(&c.profile); err != nil {
		return err
	}
	var err error
	c.site, err = o.Site.hold()
	return err
}

func (o *RetrainOptions) toC(c *C.EncastRetrainOptions) error {
	*c = blankRetrainOptions
	c.model_kind = C.int32_t(o.ModelKind)
	c.threads = C.uint32_t(o.Threads)
	if o.Seed != 0 {
		c.seed = C.uint64_t(o.Seed)
	}
	for _, target := range o.Targets {
		c.targets |= 1 << target
	}
	trainedAt := o.TrainedAt
	if trainedAt.IsZero() {
		trainedAt = time.Now()
	}
	c.trained_at = C.int64_t(trainedAt.Unix())
	if o.Version != "" {
		if err := put(c.version[:], "version", o.Version); err != nil {
			return err
		}
	}
	for _, text := range []struct {
		array []C.char
		field string
		value string
	}{
		{c.vmaf_model[:], "vmaf_model", o.VMAFModel},
		{c.licence[:], "licence", o.Licence},
		{c.probe_recipe[:], "probe_recipe", o.ProbeRecipe},
	} {
		if err := put(text.array, text.field, text.value); err != nil {
			return err
		}
	}
	return o.Profile.toC(&c.profile)
}

func estimateOf(c *C.EncastEstimate) Estimate {
	return Estimate{Value: float64(c.value), Lower: float64(c.lower), Upper: float64(c.upper)}
}

func (r *Result) fromC(c *C.EncastResult) {
	r.PredictedVMAF = float64(c.predicted_vmaf)
	r.PredictedPSNR = float64(c.predicted_psnr)
	r.PredictedCostUSD = float64(c.predicted_cost_usd)
	r.PredictedCO2Kg = float64(c.predicted_co2_kg)
	r.VMAF = estimateOf(&c.vmaf)
	r.PSNR = estimateOf(&c.psnr)
	r.SSIM = estimateOf(&c.ssim)
	r.BitrateKbps = estimateOf(&c.bitrate_kbps)
	r.EncodeSeconds = estimateOf(&c.encode_seconds)
	r.CPUSeconds = estimateOf(&c.cpu_seconds)
	r.CPUPercent = estimateOf(&c.cpu_percent)
	r.GPUPercent = estimateOf(&c.gpu_percent)
	r.PeakMemoryMB = estimateOf(&c.peak_memory_mb)
	r.EnergyKWh = estimateOf(&c.energy_kwh)
	r.CostUSD = estimateOf(&c.cost_usd)
	r.CO2Kg = estimateOf(&c.co2_kg)
	r.Confidence = float64(c.confidence)
	r.RecommendedBitrateKbps = float64(c.recommended_bitrate_kbps)
	r.TargetUnreachable = c.target_unreachable != 0
	r.BestReachableVMAF = float64(c.best_reachable_vmaf)
	r.SizeMB = float64(c.size_mb)
	r.BandwidthMbps = float64(c.bandwidth_mbps)
	r.OutOfRange = FieldSet(c.out_of_range)
	r.Ignored = FieldSet(c.ignored)
	r.Resources = Resources{
		EnergyCPUKWh:     float64(c.energy_cpu_kwh),
		EnergyIdleKWh:    float64(c.energy_idle_kwh),
		EnergyMemoryKWh:  float64(c.energy_memory_kwh),
		CostComputeUSD:   float64(c.cost_compute_usd),
		CostEgressUSD:    float64(c.cost_egress_usd),
		CostStorageUSD:   float64(c.cost_storage_usd),
		CO2OperationalKg: float64(c.co2_operational_kg),
		CO2EmbodiedKg:    float64(c.co2_embodied_kg),
		SCIGPerMinute:    float64(c.sci_g_per_minute),
	}
}
