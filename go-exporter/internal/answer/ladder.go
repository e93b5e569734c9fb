package answer

import (
	"math"
	"strconv"

	"github.com/encast/encast/go-exporter/encast"
)

var ladderDefaults = encast.DefaultLadderOptions()

// AppendLadder appends the answer to a request for a ladder: the object that `encast ladder --json` prints, but for what
// the library does not tell here (dropped bitrates, curves of the sizes, and the model's path), with the version of the model.
func AppendLadder(dst []byte, rungs []encast.Rung, options *encast.LadderOptions, version string) []byte {
	dst = append(dst, '{')
	dst = appendTextMember(dst, "model", version)
	dst = append(appendName(dst, "rungs"), '[')
	for i := range rungs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRung(dst, &rungs[i])
	}
	dst = append(dst, ']')
	dst = appendNumberMember(dst, "step_vmaf", or(options.StepVMAF, ladderDefaults.StepVMAF))
	dst = appendNumberMember(dst, "min_bitrate_ratio", or(options.MinBitrateRatio, ladderDefaults.MinBitrateRatio))
	dst = appendNumberMember(dst, "top_vmaf", or(options.TopVMAF, ladderDefaults.TopVMAF))
	dst = appendNumberMember(dst, "bottom_vmaf", or(options.BottomVMAF, ladderDefaults.BottomVMAF))
	limits := &options.Predict
	nan := math.NaN()
	dst = appendNumberMember(dst, "assurance", or(limits.Assurance, nan))
	dst = appendNumberMember(dst, "min_bitrate_kbps", or(limits.MinBitrateKbps, defaults.MinBitrateKbps))
	dst = appendNumberMember(dst, "max_bitrate_kbps", or(limits.MaxBitrateKbps, defaults.MaxBitrateKbps))
	dst = appendNumberMember(dst, "max_encode_seconds", or(limits.MaxEncodeSeconds, nan))
	dst = appendNumberMember(dst, "max_cost_usd", or(limits.MaxCostUSD, nan))
	dst = appendTextMember(dst, "model_version", version)
	return append(dst, '}')
}

func appendRung(dst []byte, rung *encast.Rung) []byte {
	dst = append(dst, `{"resolution_width":`...)
	dst = strconv.AppendUint(dst, uint64(rung.Size.Width), 10)
	dst = append(dst, `,"resolution_height":`...)
	dst = strconv.AppendUint(dst, uint64(rung.Size.Height), 10)
	dst = appendNumberMember(dst, "bitrate_kbps", rung.BitrateKbps)
	dst = appendNumberMember(dst, "crf", rung.CRF)
	dst = appendNumberMember(dst, "predicted_vmaf", rung.VMAF.Value)
	dst = appendBounds(appendName(dst, "vmaf_interval"), rung.VMAF)
	dst = appendNumberMember(dst, "assured_vmaf", rung.AssuredVMAF)
	dst = appendNumberMember(dst, "predicted_psnr", rung.PSNR.Value)
	dst = appendName(dst, "psnr_interval")
	if rung.PSNR.Known() {
		dst = appendBounds(dst, rung.PSNR)
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendNumberMember(dst, "size_mb", rung.SizeMB)
	dst = appendNumberMember(dst, "encode_seconds", rung.EncodeSeconds.Value)
	dst = appendNumberMember(dst, "cost_usd", rung.CostUSD.Value)
	dst = appendNumberMember(dst, "confidence", rung.Confidence)
	dst = appendFields(appendName(dst, "out_of_range"), rung.OutOfRange)
	return append(dst, '}')
}
