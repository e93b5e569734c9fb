package config

import "github.com/encast/encast/go-exporter/encast"

// Encode is one encode whose forecasts are exposed.
type Encode struct {
	// Name is the value of the label "config".
	Name string
	// Features is what is known of the encode.
	Features encast.Features
	// Site is where it runs; nil is nowhere in particular.
	Site *encast.Site

	machine, region string // as its file has them

	line  int            // where it stands in its file; 0 for the built-in encodes
	lines map[string]int // line of each of its fields
}

// builtIn returns the encodes that are exposed when no file names others.
func builtIn() []Encode {
	encode := func(name string, kbps, width, height, fps, drop, motion float64) Encode {
		features := encast.NewFeatures()
		features.BitrateKbps = kbps
		features.ResolutionWidth, features.ResolutionHeight = width, height
		features.FrameRate = fps
		features.FrameDrop = drop
		features.MotionIntensity = motion
		return Encode{Name: name, Features: features}
	}
	return []Encode{
		encode("720p30_2mbps", 2000, 1280, 720, 30, .01, .5),
		encode("1080p30_4mbps", 4000, 1920, 1080, 30, .01, .5),
		encode("1080p60_6mbps", 6000, 1920, 1080, 60, .01, .6),
		encode("4k30_15mbps", 15000, 3840, 2160, 30, .005, .7),
	}
}
