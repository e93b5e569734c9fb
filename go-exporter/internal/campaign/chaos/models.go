package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/campaign"
	"github.com/encast/encast/go-exporter/internal/config"
)

// models are those that are served in turn, with what each has to answer.
type models struct {
	of      []*encast.Model
	bundles [][]byte
	// By version: the VMAF of each configured encode, and of each bitrate of the requests.
	encodes  map[string]map[string]float64
	bitrates map[string][]float64
	ladders  map[string][]encast.Rung
	// By version: the VMAF of what reporters encode, by bitrate, and how far what they measure lies from it.
	observed   map[string][]float64
	measuredBy map[string]float64
}

// bitrates are what clients ask about.
var bitrates = []float64{300, 700, 1500, 2500, 6000, 11000}

func features(kbps float64) encast.Features {
	f := encast.NewFeatures()
	f.BitrateKbps, f.ResolutionWidth, f.ResolutionHeight, f.FrameRate, f.Codec = kbps, 1280, 720, 30, encast.CodecH264
	return f
}

// source is what ladders are asked for.
func source() encast.Features {
	f := encast.NewFeatures()
	f.SourceWidth, f.SourceHeight, f.FrameRate, f.Codec = 1280, 720, 30, encast.CodecH264
	return f
}

func open(paths ...string) (*models, error) {
	m := &models{
		encodes: map[string]map[string]float64{}, bitrates: map[string][]float64{}, ladders: map[string][]encast.Rung{},
		observed: map[string][]float64{}, measuredBy: map[string]float64{},
	}
	for i, path := range paths {
		bundle, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		model, err := encast.LoadBytes(bundle)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		version := model.Info().Version
		if m.encodes[version] != nil {
			return nil, fmt.Errorf("%s: another model of version %s", path, version)
		}
		m.of, m.bundles = append(m.of, model), append(m.bundles, bundle)
		m.encodes[version] = map[string]float64{}
		for _, encode := range config.BuiltIn().Encodes {
			result, err := model.Predict(encode.Features)
			if err != nil {
				return nil, err
			}
			m.encodes[version][encode.Name] = result.PredictedVMAF
		}
		for _, kbps := range bitrates {
			result, err := model.Predict(features(kbps))
			if err != nil {
				return nil, err
			}
			m.bitrates[version] = append(m.bitrates[version], result.PredictedVMAF)
			if result, err = model.Predict(observed(kbps)); err != nil {
				return nil, err
			}
			m.observed[version] = append(m.observed[version], result.PredictedVMAF)
		}
		m.measuredBy[version] = measuredBy[i]
		if m.ladders[version], err = model.Ladder(source(), nil); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// question is a request with what is wrong with an answer to it; "" where nothing is.
type question struct {
	name    string
	message []byte
	wrong   func(m *models, body []byte) (version, what string)
}

const fields = `"resolution":"1280x720","fps":30,"codec":"h264","bitrate_kbps":`

// questions are of every kind.
func questions() []question {
	var array, column []byte
	for i, kbps := range bitrates {
		if i > 0 {
			array, column = append(array, ','), append(column, ',')
		}
		array = fmt.Appendf(array, "{%s%g}", fields, kbps)
		column = fmt.Appendf(column, "%g", kbps)
	}
	return []question{
		{"/metrics", campaign.Message("GET", "/metrics", ""), scrape},
		{"/predict, one", campaign.Message("POST", "/predict", fmt.Sprintf("{%s%g}", fields, bitrates[0])), one},
		{"/predict, array", campaign.Message("POST", "/predict", "["+string(array)+"]"), several},
		{"/predict, table", campaign.Message("POST", "/predict",
			`{"targets":["vmaf"],"columns":{`+fields+"["+string(column)+"]}}"), table},
		{"/probe", campaign.Message("GET", fmt.Sprintf("/probe?resolution=1280x720&fps=30&codec=h264&bitrate_kbps=%g&config=x", bitrates[0]), ""), probe},
		{"/ladder", campaign.Message("POST", "/ladder", `{"source_width":1280,"source_height":720,"fps":30,"codec":"h264"}`), ladder},
		{"/drift", campaign.Message("GET", "/drift", ""), drift},
		{"/health", campaign.Message("GET", "/health", ""), func(*models, []byte) (string, string) { return "", "" }},
	}
}

type answer struct {
	Model         string
	PredictedVMAF float64 `json:"predicted_vmaf"`
	Columns       map[string][]float64
}

func one(m *models, body []byte) (string, string) {
	var got answer
	if err := json.Unmarshal(body, &got); err != nil {
		return "", err.Error()
	}
	return got.Model, m.compare(got.Model, got.PredictedVMAF, 0)
}

func several(m *models, body []byte) (string, string) {
	var got []answer
	if err := json.Unmarshal(body, &got); err != nil || len(got) != len(bitrates) {
		return "", fmt.Sprintf("%d answers, %v", len(got), err)
	}
	for i := range got {
		if got[i].Model != got[0].Model {
			return "", "one array mixes " + got[0].Model + " and " + got[i].Model
		}
		if what := m.compare(got[i].Model, got[i].PredictedVMAF, i); what != "" {
			return "", what
		}
	}
	return got[0].Model, ""
}

func table(m *models, body []byte) (string, string) {
	var got answer
	if err := json.Unmarshal(body, &got); err != nil || len(got.Columns["vmaf"]) != len(bitrates) {
		return "", fmt.Sprintf("%d rows, %v", len(got.Columns["vmaf"]), err)
	}
	for i, value := range got.Columns["vmaf"] {
		if what := m.compare(got.Model, value, i); what != "" {
			return "", what
		}
	}
	return got.Model, ""
}

func (m *models) compare(version string, value float64, bitrate int) string {
	want := m.bitrates[version]
	if want == nil {
		return "unknown version " + strconv.Quote(version)
	}
	if value != want[bitrate] {
		return fmt.Sprintf("version %s beside VMAF %v, which it forecasts as %v", version, value, want[bitrate])
	}
	return ""
}

var (
	versionLine = regexp.MustCompile(`(?m)^ml_model_version\{version="([^"]*)"\} 1$`)
	offsetLine  = regexp.MustCompile(`(?m)^ml_correction_offset\{codec="hevc",target="vmaf"\} (\S+)$`)
	vmafLine    = regexp.MustCompile(`(?m)^qoe_predicted_vmaf\{bitrate="[^"]*",config="([^"]*)",[^}]*\} (\S+)$`)
)

func scrape(m *models, body []byte) (string, string) {
	versions, samples := versionLine.FindAllSubmatch(body, -1), vmafLine.FindAllSubmatch(body, -1)
	if len(versions) != 1 {
		return "", fmt.Sprintf("%d versions in one scrape", len(versions))
	}
	version := string(versions[0][1])
	want := m.encodes[version]
	if len(samples) != len(want) || want == nil {
		return "", fmt.Sprintf("version %q with %d encodes", version, len(samples))
	}
	for _, sample := range samples {
		value, err := strconv.ParseFloat(string(sample[2]), 64)
		if err != nil || value != want[string(sample[1])] {
			return "", fmt.Sprintf("version %s beside VMAF %s of %s, which it forecasts as %v", version, sample[2], sample[1], want[string(sample[1])])
		}
	}
	if offset := offsetLine.FindSubmatch(body); offset != nil {
		value, err := strconv.ParseFloat(string(offset[1]), 64)
		if err != nil {
			return "", err.Error()
		}
		return version, m.misled(version, value)
	}
	return version, ""
}

func ladder(m *models, body []byte) (string, string) {
	var got struct {
		Model string
		Rungs []answer
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return "", err.Error()
	}
	want := m.ladders[got.Model]
	if len(got.Rungs) != len(want) || len(want) == 0 {
		return "", fmt.Sprintf("version %q with %d rungs, not %d", got.Model, len(got.Rungs), len(want))
	}
	for i, rung := range got.Rungs {
		if rung.PredictedVMAF != want[i].VMAF.Value {
			return "", fmt.Sprintf("version %s beside a rung of VMAF %v, which it forecasts as %v", got.Model, rung.PredictedVMAF, want[i].VMAF.Value)
		}
	}
	return got.Model, ""
}

func drift(m *models, body []byte) (string, string) {
	var got struct {
		Model      string // empty until what was observed is replayed
		Correction struct {
			Enabled bool
			Offsets []struct {
				Target, Codec string
				Offset        float64
			}
		}
	}
	if err := json.Unmarshal(body, &got); err != nil || !got.Correction.Enabled {
		return "", fmt.Sprintf("%v %.200s", err, body)
	}
	for _, of := range got.Correction.Offsets {
		if of.Target != "vmaf" || of.Codec != "hevc" {
			return "", fmt.Sprintf("an offset of %s of %s, which nobody observed", of.Target, of.Codec)
		}
		if what := m.misled(got.Model, of.Offset); what != "" {
			return "", what
		}
	}
	return got.Model, ""
}

func probe(m *models, body []byte) (string, string) {
	versions, samples := versionLine.FindSubmatch(body), vmafLine.FindSubmatch(body)
	if versions == nil || samples == nil || !bytes.Equal(samples[1], []byte("x")) {
		return "", "no version or no VMAF"
	}
	value, err := strconv.ParseFloat(string(samples[2]), 64)
	if err != nil {
		return "", err.Error()
	}
	return string(versions[1]), m.compare(string(versions[1]), value, 0)
}
