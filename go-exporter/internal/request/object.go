package request

import (
	"math"

	"github.com/encast/encast/go-exporter/encast"
)

// Request reads the object of one request over what the request holds already.
func (r *Reader) Request(into *Request) error {
	return r.Object("", func(name []byte) error { return r.RequestField(into, name) })
}

// RequestField reads the value of one name of a request, for objects that have other names, too. A name that no request
// has is an error that lists the known ones.
func (r *Reader) RequestField(into *Request, name []byte) error {
	k, err := into.lookUp(name)
	if err != nil {
		return err
	}
	return r.keyed(into, k)
}

// keyed reads the value of a key.
func (r *Reader) keyed(into *Request, k *key) error {
	switch k.kind {
	case text:
		value, given, err := r.Text(k.name)
		if err == nil && given {
			err = k.set(into, value)
		}
		return blame(err, k.name)
	case truth:
		value, err := r.Truth(k.name)
		into.Options.WholeMachine = value
		return err
	case anchors:
		return r.anchors(into)
	}
	value, err := r.Number(k.name)
	if err != nil {
		return err
	}
	return k.setNumber(into, value)
}

// IsRequestField tells whether a request may have that name.
func IsRequestField(name []byte) bool { return keys[string(name)] != nil }

func (r *Reader) anchors(into *Request) error {
	return r.Array("anchors", func(row int) error {
		if row == MaxAnchors {
			return Mistake("anchors", "more than %d", MaxAnchors)
		}
		anchor, err := r.anchor()
		if err != nil {
			return Within(err, "anchors[%d]", row)
		}
		into.Features.Anchors = append(into.Features.Anchors, anchor)
		return nil
	})
}

// anchorNumbers are the numbers of an anchor.
var anchorNumbers = map[string]func(*encast.Anchor) *float64{
	"bitrate_kbps":      func(a *encast.Anchor) *float64 { return &a.BitrateKbps },
	"crf":               func(a *encast.Anchor) *float64 { return &a.CRF },
	"resolution_width":  func(a *encast.Anchor) *float64 { return &a.ResolutionWidth },
	"resolution_height": func(a *encast.Anchor) *float64 { return &a.ResolutionHeight },
	"vmaf":              func(a *encast.Anchor) *float64 { return &a.VMAF },
	"psnr":              func(a *encast.Anchor) *float64 { return &a.PSNR },
	"ssim":              func(a *encast.Anchor) *float64 { return &a.SSIM },
}

func (r *Reader) anchor() (encast.Anchor, error) {
	anchor := encast.NewAnchor()
	err := r.Object("", func(name []byte) error {
		long := LongName(string(name))
		if in, is := anchorNumbers[long]; is {
			if place := in(&anchor); math.IsNaN(*place) {
				value, err := r.Number(long)
				*place = value
				return err
			}
			return Mistake(string(name), "given twice, once under another spelling")
		}
		setText := func(set func(text string) error) error {
			value, given, err := r.Text(long)
			if err == nil && given {
				err = set(value)
			}
			return blame(err, long)
		}
		switch long {
		case "resolution":
			return setText(func(text string) (err error) {
				anchor.ResolutionWidth, anchor.ResolutionHeight, err = sizeOf(text)
				return
			})
		case "codec":
			return setText(func(text string) (err error) { anchor.Codec, err = codecOf(text); return })
		case "encoder":
			return setText(func(text string) (err error) { anchor.Encoder, err = encoderOf(text); return })
		case "preset":
			return setText(func(text string) error { anchor.Preset = text; return nil })
		}
		return Mistake(shown(name), "unknown field of an anchor: known are bitrate_kbps, codec, crf, encoder, height, "+
			"preset, psnr, resolution, resolution_height, resolution_width, ssim, vmaf, width")
	})
	return anchor, err
}
