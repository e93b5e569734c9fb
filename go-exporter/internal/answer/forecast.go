package answer

import (
	"slices"
	"strings"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/request"
)

// defaults of options that an answer repeats.
var defaults = encast.DefaultPredictOptions()

// named is a target with its name, which the library would have to be asked for each time.
type named struct {
	target encast.Target
	name   string
}

// byName are all targets, sorted by name as in the command's answer.
var byName = func() []named {
	var all []named
	for _, target := range encast.AllTargets() {
		all = append(all, named{target, target.String()})
	}
	slices.SortFunc(all, func(a, b named) int { return strings.Compare(a.name, b.name) })
	return all
}()

// AppendForecast appends the answer to a request: the object that `encast predict --json` prints, with the request's id
// and the version of the model.
func AppendForecast(dst []byte, asked *request.Request, r *encast.Result, version string) []byte {
	dst = append(dst, '{')
	if asked.ID != "" {
		dst = appendTextMember(dst, "id", asked.ID)
	}
	dst = appendTextMember(dst, "model", version)
	dst = appendNumberMember(dst, "predicted_vmaf", r.PredictedVMAF)
	dst = appendNumberMember(dst, "predicted_psnr", r.PredictedPSNR)
	dst = appendNumberMember(dst, "predicted_cost_usd", r.PredictedCostUSD)
	dst = appendNumberMember(dst, "predicted_co2_kg", r.PredictedCO2Kg)
	dst = appendNumberMember(dst, "confidence", r.Confidence)
	dst = appendNumberMember(dst, "recommended_bitrate_kbps", r.RecommendedBitrateKbps)
	dst = append(appendName(dst, "estimates"), '{')
	for _, n := range byName {
		if e := r.Estimate(n.target); e.Known() {
			dst = appendNumberMember(dst, n.name, e.Value)
		}
	}
	dst = append(dst, '}')
	dst = append(appendName(dst, "intervals"), '{')
	for _, n := range byName {
		if e := r.Estimate(n.target); e.Known() {
			dst = appendBounds(appendName(dst, n.name), e)
		}
	}
	dst = append(dst, '}')
	if asked.Options.Site != nil {
		dst = appendResources(appendName(dst, "resources"), r)
	}
	dst = appendNumberMember(dst, "size_mb", r.SizeMB)
	dst = appendNumberMember(dst, "bandwidth_mbps", r.BandwidthMbps)
	dst = appendNumberMember(dst, "target_vmaf", or(asked.Options.TargetVMAF, defaults.TargetVMAF))
	dst = appendTruthMember(dst, "target_unreachable", r.TargetUnreachable)
	dst = appendNumberMember(dst, "best_reachable_vmaf", r.BestReachableVMAF)
	dst = appendFields(appendName(dst, "out_of_range"), r.OutOfRange)
	dst = appendFields(appendName(dst, "ignored"), r.Ignored)
	dst = appendTextMember(dst, "model_version", version)
	return WithCorrection(append(dst, '}'), asked)
}

// WithCorrection says in an object that has ended what was added to the forecasts of a request, if anything was: in the unit of VMAF and
// PSNR, else octaves.
func WithCorrection(dst []byte, asked *request.Request) []byte {
	if asked.Options.Correction.IsZero() {
		return dst
	}
	dst = dst[:len(dst)-1]
	codec := asked.Features.CodecOrEncoders()
	begun := false
	for _, target := range corrected {
		offset := asked.Options.Correction.Offset(target.target, codec)
		if offset == 0 {
			continue
		}
		if !begun {
			dst, begun = append(appendName(dst, "corrected"), '{'), true
		}
		dst = appendNumberMember(dst, target.name, offset)
	}
	if begun {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

var corrected = func() []named {
	var all []named
	for _, target := range encast.CorrectedTargets() {
		all = append(all, named{target, target.String()})
	}
	return all
}()

// or returns the first, or the second where the first is 0, the library's word for the default.
func or(value, otherwise float64) float64 {
	if value == 0 {
		return otherwise
	}
	return value
}

func appendBounds(dst []byte, e encast.Estimate) []byte {
	dst = append(dst, `{"lower":`...)
	dst = AppendNumber(dst, e.Lower)
	dst = append(dst, `,"upper":`...)
	return append(AppendNumber(dst, e.Upper), '}')
}

func appendFields(dst []byte, fields encast.FieldSet) []byte {
	dst = append(dst, '[')
	for field := range fields.All() {
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = AppendText(dst, field.String())
	}
	return append(dst, ']')
}

// appendResources appends what a job takes at a site, and its parts.
func appendResources(dst []byte, r *encast.Result) []byte {
	p := &r.Resources
	dst = append(dst, '{')
	for _, part := range [...]struct {
		name  string
		value float64
	}{
		{"cpu_seconds", r.CPUSeconds.Value},
		{"encode_seconds", r.EncodeSeconds.Value},
		{"cpu_percent", r.CPUPercent.Value},
		{"energy_kwh", r.EnergyKWh.Value},
		{"energy_cpu_kwh", p.EnergyCPUKWh},
		{"energy_idle_kwh", p.EnergyIdleKWh},
		{"energy_memory_kwh", p.EnergyMemoryKWh},
		{"cost_usd", r.CostUSD.Value},
		{"cost_compute_usd", p.CostComputeUSD},
		{"cost_egress_usd", p.CostEgressUSD},
		{"cost_storage_usd", p.CostStorageUSD},
		{"co2_kg", r.CO2Kg.Value},
		{"co2_operational_kg", p.CO2OperationalKg},
		{"co2_embodied_kg", p.CO2EmbodiedKg},
		{"sci_g_per_minute", p.SCIGPerMinute},
	} {
		dst = appendNumberMember(dst, part.name, part.value)
	}
	return append(dst, '}')
}
