package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/campaign"
)

// observed is what reporters encode: of another codec than what questions ask about, so that these are forecast by the model alone, while
// what is observed corrects its codec.
func observed(kbps float64) encast.Features {
	f := features(kbps)
	f.Codec = encast.CodecHEVC
	return f
}

const observedFields = `"resolution":"1280x720","fps":30,"codec":"hevc","bitrate_kbps":`

// measuredBy is how far measurements of a model's encodes lie from its forecasts. It is another side for each model, so that a correction
// of one beside a forecast of the other shows.
var measuredBy = []float64{-6, 6}

// misled tells what is wrong with an offset of the VMAF beside a version; "" where nothing is.
func (m *models) misled(version string, offset float64) string {
	by, known := m.measuredBy[version]
	switch {
	case !known:
		return fmt.Sprintf("unknown version %q", version)
	case offset*by < 0 || math.Abs(offset) > 2*math.Abs(by):
		return fmt.Sprintf("version %s beside a correction of VMAF by %v, of which observations lie %v off", version, offset, by)
	}
	return ""
}

// forecastOfObserved checks a forecast of what reporters encode, and returns its version.
func (m *models) forecastOfObserved(body []byte, bitrate int) (string, error) {
	var got struct {
		answer
		Corrected map[string]float64
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return "", err
	}
	offset := got.Corrected["vmaf"]
	if what := m.misled(got.Model, offset); what != "" {
		return "", errors.New(what)
	}
	want := min(100, max(0, m.observed[got.Model][bitrate]+offset))
	if math.Abs(got.PredictedVMAF-want) > 1e-6 {
		return "", fmt.Errorf("version %s corrects by %v and forecasts VMAF %v, not %v", got.Model, offset, got.PredictedVMAF, want)
	}
	return got.Model, nil
}

// reports are what one reporter did.
type reports struct {
	acknowledged map[string]string // versions of forecasts, by id
	corrected    int
	failed       int
	first        string // failure
}

// reportRate is how many encodes a second a reporter forecasts and reports. Every reload replays what was observed, so few are enough.
const reportRate = 10

// report forecasts encodes under ids, and reports what came of them, until it is told to stop.
func (m *models) report(address string, reporter int, stop <-chan struct{}) reports {
	client := campaign.NewClient(address)
	defer client.Close()
	done := reports{acknowledged: map[string]string{}}
	ticks := time.NewTicker(time.Second / reportRate)
	defer ticks.Stop()
	for turn := 0; ; turn++ {
		select {
		case <-stop:
			return done
		case <-ticks.C:
		}
		id, bitrate := fmt.Sprintf("%d-%d", reporter, turn), turn%len(bitrates)
		version, err := m.reportOne(client, id, bitrate, &done)
		if err != nil {
			if done.failed++; done.first == "" {
				done.first = err.Error()
			}
			continue
		}
		done.acknowledged[id] = version
	}
}

func (m *models) reportOne(client *campaign.Client, id string, bitrate int, done *reports) (string, error) {
	status, body, err := client.Ask(campaign.Message("POST", "/predict",
		fmt.Sprintf(`{"id":%q,"title":"title %d",%s%g}`, id, bitrate, observedFields, bitrates[bitrate])))
	if err != nil || status != 200 {
		return "", fmt.Errorf("/predict: %d %v %.300s", status, err, body)
	}
	version, err := m.forecastOfObserved(body, bitrate)
	if err != nil {
		return "", err
	}
	if bytes.Contains(body, []byte(`"corrected"`)) {
		done.corrected++
	}
	measured := min(99, max(1, m.observed[version][bitrate]+m.measuredBy[version]))
	status, body, err = client.Ask(campaign.Message("POST", "/observe", fmt.Sprintf(`{"id":%q,"vmaf":%v}`, id, measured)))
	if err != nil || status != 200 {
		return "", fmt.Errorf("/observe: %d %v %.300s", status, err, body)
	}
	return version, nil
}

// kept checks that an exporter has everything that was acknowledged, once, with the version that forecast it.
func kept(address string, acknowledged map[string]string) error {
	client := campaign.NewClient(address)
	defer client.Close()
	status, body, err := client.Ask(campaign.Message("GET", "/observations", ""))
	if err != nil || status != 200 {
		return fmt.Errorf("/observations: %d %v %.300s", status, err, body)
	}
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || len(rows) == 0 {
		return fmt.Errorf("/observations: %d rows, %v", len(rows), err)
	}
	id, version := slices.Index(rows[0], "id"), slices.Index(rows[0], "model_version")
	if id < 0 || version < 0 {
		return fmt.Errorf("/observations has columns %v", rows[0])
	}
	found := map[string]int{}
	for _, row := range rows[1:] {
		if want, known := acknowledged[row[id]]; known && row[version] != want {
			return fmt.Errorf("%s was forecast by version %s, and is stored as of %s", row[id], want, row[version])
		}
		found[row[id]]++
	}
	for id := range acknowledged {
		if found[id] != 1 {
			return fmt.Errorf("%s was acknowledged, and is stored %d times", id, found[id])
		}
	}
	return nil
}
