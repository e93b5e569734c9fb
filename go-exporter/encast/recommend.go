package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"fmt"
	"runtime"
)

// Outcome tells how a search ended.
type Outcome int32

// How a search for a bitrate or a CRF ends, and a setup of an advice.
const (
	// OutcomeReached: a setting within the limits reaches the target.
	OutcomeReached Outcome = C.ENCAST_OUTCOME_REACHED
	// OutcomeUnreachable: no allowed setting reaches the target.
	OutcomeUnreachable Outcome = C.ENCAST_OUTCOME_UNREACHABLE
	// OutcomeOverLimit: a setting would reach the target, or at least be allowed, but for a limit on time, cost, energy,
	// carbon or size.
	OutcomeOverLimit Outcome = C.ENCAST_OUTCOME_OVER_LIMIT
	// OutcomeNotForecast: the model can't forecast the setup. Of advice only.
	OutcomeNotForecast Outcome = C.ENCAST_OUTCOME_NOT_FORECAST
)

// String returns "reached", "unreachable", "over limit" or "not forecast".
func (o Outcome) String() string {
	switch o {
	case OutcomeReached:
		return "reached"
	case OutcomeUnreachable:
		return "unreachable"
	case OutcomeOverLimit:
		return "over limit"
	case OutcomeNotForecast:
		return "not forecast"
	}
	return fmt.Sprintf("Outcome(%d)", int32(o))
}

// Limit is what an encode may not exceed; 0 is none.
type Limit int32

// The limits.
const (
	LimitEncodeSeconds Limit = C.ENCAST_LIMIT_ENCODE_SECONDS // PredictOptions.MaxEncodeSeconds
	LimitCostUSD       Limit = C.ENCAST_LIMIT_COST_USD       // PredictOptions.MaxCostUSD
	LimitEnergyKWh     Limit = C.ENCAST_LIMIT_ENERGY_KWH     // PredictOptions.MaxEnergyKWh
	LimitCO2Kg         Limit = C.ENCAST_LIMIT_CO2_KG         // PredictOptions.MaxCO2Kg
	LimitSizeMB        Limit = C.ENCAST_LIMIT_SIZE_MB        // AdviseOptions.MaxSizeMB
)

// String returns the name of what is limited, such as "cost_usd"; "" for none.
func (l Limit) String() string {
	switch l {
	case LimitEncodeSeconds:
		return "encode_seconds"
	case LimitCostUSD:
		return "cost_usd"
	case LimitEnergyKWh:
		return "energy_kwh"
	case LimitCO2Kg:
		return "co2_kg"
	case LimitSizeMB:
		return "size_mb"
	}
	return ""
}

// Recommendation is the answer to a search for a bitrate or a CRF.
type Recommendation struct {
	// Unreachable: no setting within the limits reaches the target. Outcome tells more.
	Unreachable bool
	// BitrateKbps is the smallest bitrate that reaches the target; without one, the bitrate that comes nearest within
	// the limits, NaN when none keeps them. NaN when a CRF was searched for.
	BitrateKbps float64
	// VMAF is the forecast at BitrateKbps or CRF; when the target is not reached, the best within the limits.
	VMAF Estimate
	// Outcome tells how the search ended.
	Outcome Outcome
	// CRF is the highest whole CRF that reaches the target; without one, the CRF that comes nearest within the limits,
	// NaN when none keeps them. NaN when a bitrate was searched for.
	CRF float64
	// AssuredVMAF is what is held against the target: the lower bound that holds with the assurance asked for; without
	// one, the forecast.
	AssuredVMAF float64
	// Limit is what stands against the target, when Outcome is OutcomeOverLimit; the rest is NaN otherwise. LimitAllowed
	// is what it allows, in its unit, LimitForecast what is forecast at Needed.
	Limit                       Limit
	LimitAllowed, LimitForecast float64
	// Needed is the bitrate, kbit/s, or the CRF that would reach the target but for the limits; where none would, the
	// one that exceeds them least. NeededVMAF is the forecast there.
	Needed     float64
	NeededVMAF Estimate
}

func (r *Recommendation) fromC(c *C.EncastRecommendation) {
	*r = Recommendation{
		Unreachable:   c.unreachable != 0,
		BitrateKbps:   float64(c.bitrate_kbps),
		VMAF:          estimateOf(&c.vmaf),
		Outcome:       Outcome(c.outcome),
		CRF:           float64(c.crf),
		AssuredVMAF:   float64(c.assured_vmaf),
		Limit:         Limit(c.limit),
		LimitAllowed:  float64(c.limit_allowed),
		LimitForecast: float64(c.limit_forecast),
		Needed:        float64(c.needed),
		NeededVMAF:    estimateOf(&c.needed_vmaf),
	}
}

// RecommendBitrate finds the smallest bitrate that reaches the target of the options with the assurance asked for,
// within the limits; nil options are the defaults. BitrateKbps and CRF of the features are not looked at. A target that
// can't be reached, or is beyond a limit, is an answer, not an error.
func (m *Model) RecommendBitrate(features Features, options *PredictOptions) (Recommendation, error) {
	return m.recommend(&features, options, 0)
}

// RecommendCRF finds the highest whole CRF that reaches the target of the options, as [Model.RecommendBitrate] does.
// Codec or encoder have to be known.
func (m *Model) RecommendCRF(features Features, options *PredictOptions) (Recommendation, error) {
	return m.recommend(&features, options, 1)
}

func (m *Model) recommend(features *Features, options *PredictOptions, crf C.int32_t) (answer Recommendation, err error) {
	if options == nil {
		options = &PredictOptions{}
	}
	var cOptions C.EncastPredictOptions
	if err := options.toC(&cOptions); err != nil {
		return Recommendation{}, err
	}
	defer options.Site.release()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var cFeatures C.EncastFeatures
	if err := features.toC(&cFeatures, &pinner); err != nil {
		return Recommendation{}, err
	}
	cAnswer := blankRecommendation
	failure := C.encast_go_failure{row: -1}
	handle, err := m.use()
	if err != nil {
		return Recommendation{}, err
	}
	defer runtime.KeepAlive(m)
	status := C.encast_go_recommend(handle, &cFeatures, &cOptions, crf, &cAnswer, &failure)
	if status != C.ENCAST_STATUS_OK {
		return Recommendation{}, failed(status, &failure)
	}
	answer.fromC(&cAnswer)
	return answer, nil
}
