package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"runtime"
	"unsafe"
)

// RankBy is what proposals are ranked by, less being better; 0 is the cost, without a forecast of it the time, without
// that the size.
type RankBy int32

// What proposals can be ranked by.
const (
	RankByTime   RankBy = C.ENCAST_RANK_BY_TIME   // EncodeSeconds, or CPUSeconds where the model forecasts no other
	RankByCost   RankBy = C.ENCAST_RANK_BY_COST   // CostUSD
	RankByEnergy RankBy = C.ENCAST_RANK_BY_ENERGY // EnergyKWh
	RankByCO2    RankBy = C.ENCAST_RANK_BY_CO2    // CO2Kg
	RankBySize   RankBy = C.ENCAST_RANK_BY_SIZE   // SizeMB
)

// AdviseOptions tells the goal of an advice, and what it chooses from. The zero value holds the defaults.
type AdviseOptions struct {
	TargetVMAF float64 // to reach, above 0 and at most 100; 0 means 93, NaN the best within the limits
	MaxSizeMB  float64 // most that the encode may be large, MB (10⁶ bytes); 0 means any
	RankBy     RankBy
	Encoders   []Encoder // to choose from, at most 64; none means the request's, or else all that the model was taught
	Presets    []string  // to choose from, at most 64; none means the request's, or else all that the model was taught
	Sizes      []Size    // encoded sizes to choose from, at most 64; none means the usual ones up to the source's
	// Predict holds the range of bitrates and CRFs, assurance, limits on time, cost, energy and carbon, site, level and
	// profile. Its TargetVMAF is not used.
	Predict PredictOptions
}

// Proposal is a setup (encoder, preset, size): the cheapest rate setting with which it reaches the goal and what is
// forecast there, or why it does not. What the model does not forecast is NaN; of a setup that does not reach the goal
// that is everything but VMAF and AssuredVMAF (the best within the limits) and what tells of the limit.
type Proposal struct {
	Outcome Outcome // OutcomeReached for a setup that reaches the goal
	OnFront bool    // no other proposal is as good in what is ranked by and in size, and better in one
	Codec   Codec   // 0 where the model knows of none
	Encoder Encoder // 0 where the model knows codecs only
	Preset  string  // empty where the model knows none
	Size    Size    // encoded

	BitrateKbps   Estimate // the setting itself, or what is forecast of the CRF
	CRF           float64  // the setting; NaN where the bitrate is
	VMAF          Estimate // 0-100
	AssuredVMAF   float64  // the lower bound that holds with the assurance; without one, the forecast
	PSNR          Estimate // dB
	SizeMB        Estimate // size of the encode, MB (10⁶ bytes)
	EncodeSeconds Estimate // of the whole job, like all that follows
	CPUSeconds    Estimate
	PeakMemoryMB  Estimate
	EnergyKWh     Estimate
	CostUSD       Estimate
	CO2Kg         Estimate // kg CO2e
	Confidence    float64  // 0-1, how far the forecast of quality can be trusted
	OutOfRange    FieldSet // inputs of this setup outside of what the model saw in training

	// Limit is what stands against the goal, when Outcome is OutcomeOverLimit; the rest is NaN otherwise. LimitAllowed
	// is what it allows, LimitForecast what is forecast where the goal would be reached, or the limit exceeded least.
	Limit                       Limit
	LimitAllowed, LimitForecast float64
}

func (p *Proposal) fromC(c *C.EncastProposal) {
	*p = Proposal{
		Outcome:       Outcome(c.outcome),
		OnFront:       c.on_front != 0,
		Codec:         Codec(c.codec),
		Encoder:       Encoder(c.encoder),
		Preset:        textOf(c.preset[:]),
		Size:          Size{Width: uint32(c.width), Height: uint32(c.height)},
		BitrateKbps:   estimateOf(&c.bitrate_kbps),
		CRF:           float64(c.crf),
		VMAF:          estimateOf(&c.vmaf),
		AssuredVMAF:   float64(c.assured_vmaf),
		PSNR:          estimateOf(&c.psnr),
		SizeMB:        estimateOf(&c.size_mb),
		EncodeSeconds: estimateOf(&c.encode_seconds),
		CPUSeconds:    estimateOf(&c.cpu_seconds),
		PeakMemoryMB:  estimateOf(&c.peak_memory_mb),
		EnergyKWh:     estimateOf(&c.energy_kwh),
		CostUSD:       estimateOf(&c.cost_usd),
		CO2Kg:         estimateOf(&c.co2_kg),
		Confidence:    float64(c.confidence),
		OutOfRange:    FieldSet(c.out_of_range),
		Limit:         Limit(c.limit),
		LimitAllowed:  float64(c.limit_allowed),
		LimitForecast: float64(c.limit_forecast),
	}
}

// toC leaves the slices out: the wrapper puts them in, so that no struct of Go's holds a pointer for C.
func (o *AdviseOptions) toC(c *C.EncastAdviseOptions) {
	*c = blankAdviseOptions
	c.rank_by = C.int32_t(o.RankBy)
	if o.TargetVMAF != 0 {
		c.target_vmaf = C.double(o.TargetVMAF)
	}
	if o.MaxSizeMB != 0 {
		c.max_size_mb = C.double(o.MaxSizeMB)
	}
}

// presetsToC copies presets into memory of C, which free lets go.
func presetsToC(presets []string) (array **C.char, free func(), err error) {
	if len(presets) == 0 {
		return nil, func() {}, nil
	}
	var room [C.ENCAST_PRESET_CAPACITY]C.char
	for _, preset := range presets {
		if err := putPreset(room[:], preset); err != nil {
			return nil, nil, err
		}
	}
	array = (**C.char)(C.malloc(C.size_t(len(presets)) * C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	places := unsafe.Slice(array, len(presets))
	for i, preset := range presets {
		places[i] = C.CString(preset)
	}
	return array, func() {
		for _, place := range places {
			C.free(unsafe.Pointer(place))
		}
		C.free(unsafe.Pointer(array))
	}, nil
}

// setupsAtFirst has room for six encoders with five presets and eight sizes.
const setupsAtFirst = 240

// Advise ranks setups of an encode: which encoder, preset, size and rate reach a goal. First come the setups that do,
// best first, then those that do not, whose Outcome tells why. Nil options are the defaults. Bitrate, CRF and encoded
// size of the features are not looked at (the encoded size stands for the source's where that is not known); codec,
// encoder and preset narrow the choice, unless the options name others.
func (m *Model) Advise(features Features, options *AdviseOptions) ([]Proposal, error) {
	if options == nil {
		options = &AdviseOptions{}
	}
	presets, free, err := presetsToC(options.Presets)
	if err != nil {
		return nil, err
	}
	defer free()
	var cOptions C.EncastPredictOptions
	if err := options.Predict.toC(&cOptions); err != nil {
		return nil, err
	}
	defer options.Predict.Site.release()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var cFeatures C.EncastFeatures
	if err := features.toC(&cFeatures, &pinner); err != nil {
		return nil, err
	}
	var cAdvise C.EncastAdviseOptions
	options.toC(&cAdvise)
	// An Encoder is a C int32_t.
	encoders := (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(options.Encoders)))
	sizes := sizesToC(options.Sizes)
	handle, err := m.use()
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	for count := C.size_t(setupsAtFirst); ; {
		cProposals := make([]C.EncastProposal, count)
		for i := range cProposals {
			cProposals[i] = blankProposal
		}
		failure := C.encast_go_failure{row: -1}
		status := C.encast_go_advise(handle, &cFeatures, &cAdvise, encoders, C.size_t(len(options.Encoders)),
			presets, C.size_t(len(options.Presets)), unsafe.SliceData(sizes), C.size_t(len(sizes)), &cOptions,
			unsafe.SliceData(cProposals), C.size_t(len(cProposals)), &count, &failure)
		if status != C.ENCAST_STATUS_OK {
			return nil, failed(status, &failure)
		}
		if int(count) > len(cProposals) {
			continue // with as many as there are
		}
		proposals := make([]Proposal, count)
		for i := range proposals {
			proposals[i].fromC(&cProposals[i])
		}
		return proposals, nil
	}
}
