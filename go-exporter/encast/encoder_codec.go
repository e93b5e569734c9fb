//go:build cgo

package encast

// Codec returns the codec that the encoder writes; 0 when the encoder is unknown.
func (e Encoder) Codec() Codec {
	switch e {
	case EncoderLibx264:
		return CodecH264
	case EncoderLibx265:
		return CodecHEVC
	case EncoderLibvpxVP9:
		return CodecVP9
	case EncoderLibsvtav1, EncoderLibaomAV1:
		return CodecAV1
	case EncoderLibvvenc:
		return CodecVVC
	}
	return 0
}

// CodecOrEncoders returns the codec, or when only the encoder is given the encoder's.
func (f *Features) CodecOrEncoders() Codec {
	if f.Codec != 0 {
		return f.Codec
	}
	return f.Encoder.Codec()
}

// Offset returns what the correction adds to a target of a codec: in the unit of VMAF and PSNR, else octaves; 0 for targets that are not
// corrected.
func (c *Correction) Offset(target Target, codec Codec) float64 {
	var offsets *[8]float64
	switch target {
	case TargetVMAF:
		offsets = &c.VMAF
	case TargetPSNR:
		offsets = &c.PSNR
	case TargetBitrateKbps:
		offsets = &c.BitrateOctaves
	case TargetEncodeSeconds:
		offsets = &c.EncodeOctaves
	case TargetCPUSeconds:
		offsets = &c.CPUOctaves
	}
	if offsets == nil || codec < 0 || int(codec) >= len(offsets) {
		return 0
	}
	return offsets[codec]
}

// CorrectedTargets returns the targets that a correction may move.
func CorrectedTargets() []Target {
	return []Target{TargetVMAF, TargetPSNR, TargetBitrateKbps, TargetEncodeSeconds, TargetCPUSeconds}
}
