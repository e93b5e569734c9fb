package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/encast/encast/go-exporter/internal/campaign"
)

// observedEncodes are as many as an exporter exposes one by one, if nothing else is said.
const observedEncodes = 200

// described is a request with every field that an encode may have.
const described = `"resolution":"1920x1080","frame_rate":30,"bitrate_kbps":%d,"codec":"h264","encoder":"libx264","preset":"medium","frame_drop":0.01,` +
	`"motion_intensity":0.5,"threads":4,"passes":1,"source_width":1920,"source_height":1080,"source_frame_rate":30,"bit_depth":8,"duration_s":90,` +
	`"si_mean":41.5,"si_std":9,"ti_mean":9.8,"ti_std":4,"spatial_energy":30,"temporal_energy":8,"luminance":110,"static_share":0.1,` +
	`"probe_bitrate_kbps":900,"probe_psnr":38,"probe_vmaf":82`

// measured is a report with every value that can be measured.
const measured = `"vmaf":%.1f,"psnr":41,"ssim":0.98,"bitrate_kbps":%d,"encode_seconds":61,"cpu_seconds":118,"cpu_percent":193,"gpu_percent":0,` +
	`"peak_memory_mb":420,"energy_kwh":0.002,"cost_usd":0.003,"co2_kg":0.0008`

// withObservations measures an exporter whose store has observations of everything.
func withObservations(program string, log io.Writer, clients int, rate float64, duration time.Duration) error {
	folder, err := os.MkdirTemp("", "encast-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	exporter, err := campaign.Start(program, log, "--observations.path="+filepath.Join(folder, "observations.db"))
	if err != nil {
		return err
	}
	defer exporter.Kill()
	client := campaign.NewClient(exporter.Address)
	defer client.Close()
	reports := make([]string, observedEncodes)
	for i := range reports {
		kbps := 1000 + 40*i
		reports[i] = fmt.Sprintf(`{"id":"job-%d","title":"title %d","config":"bench","request":{`+described+`},`+measured+`}`, i, i%20, kbps, 80+float64(i)/20, kbps)
	}
	if status, body, err := client.Ask(campaign.Message("POST", "/observe", "["+strings.Join(reports, ",")+"]")); err != nil || status != 200 {
		return fmt.Errorf("/observe: %d %v %.300s", status, err, body)
	}
	fmt.Printf("\nWith a store of %d observations of everything: %s.\n\n", observedEncodes, scrapeOf(client))
	header()
	return show(exporter, phase{fmt.Sprintf("%d clients, %g/s each", clients, rate), []endpoint{metrics, predict}, clients, rate, duration})
}

// manyEncodes is how many encodes the capacity is told for.
const manyEncodes = 1000

// capacity measures the scrape of an exporter that forecasts many encodes at a site.
func capacity(program string, log io.Writer) error {
	folder, err := os.MkdirTemp("", "encast-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var file strings.Builder
	file.WriteString("machine: c5.2xlarge\nregion: eu-central-1\nmonths_stored: 12\ndeliveries: 1000\nencodes:\n")
	for i := range manyEncodes {
		fmt.Fprintf(&file, "- {name: e%d, resolution: 1920x1080, frame_rate: 30, bitrate_kbps: %d, encoder: libx264, preset: medium}\n", i, 500+10*i)
	}
	path := filepath.Join(folder, "encodes.yml")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		return err
	}
	exporter, err := campaign.Start(program, log, "--config.file="+path)
	if err != nil {
		return err
	}
	defer exporter.Kill()
	client := campaign.NewClient(exporter.Address)
	defer client.Close()
	first := scrapeOf(client)
	var waits campaign.Waits
	for range 9 {
		time.Sleep(200 * time.Millisecond) // longer than a page is shared
		begun := time.Now()
		if status, _, err := client.Ask(metrics.message); err != nil || status != 200 {
			return fmt.Errorf("/metrics: %d %v", status, err)
		}
		waits.Add(time.Since(begun))
	}
	waits.Sort()
	now, most, _, err := exporter.Memory()
	if err != nil {
		return err
	}
	fmt.Printf("\n%d encodes at a site: the first scrape has %s, later ones take %.0f ms (median of 9; at most %.0f ms); resident %s, %s at most.\n",
		manyEncodes, first, waits.Quantile(.5), waits.Quantile(1), memory(now), memory(most))
	return nil
}

// scrapeOf tells how large a scrape is, and how long it took.
func scrapeOf(client *campaign.Client) string {
	begun := time.Now()
	status, body, err := client.Ask(metrics.message)
	if err != nil || status != 200 {
		return fmt.Sprintf("no scrape (%d, %v)", status, err)
	}
	took := time.Since(begun)
	samples := 0
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "#") {
			samples++
		}
	}
	return fmt.Sprintf("%d samples (%.2f MB) in %.0f ms", samples, float64(len(body))/1e6, took.Seconds()*1e3)
}
