// Command bench measures a running exporter under many clients, and prints a report in Markdown.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/encast/encast/go-exporter/internal/campaign"
)

// endpoint is something that clients ask for.
type endpoint struct {
	name    string
	message []byte
}

var (
	metrics = endpoint{"/metrics", campaign.Message("GET", "/metrics", "")}
	predict = endpoint{"/predict", campaign.Message("POST", "/predict",
		`{"resolution":"1920x1080","frame_rate":30,"bitrate_kbps":4000,"codec":"h264","preset":"medium","frame_drop":0.01,"motion_intensity":0.5}`)}
)

// phase is one measurement: clients that ask, each in turn for its endpoints, at a rate or one request after another.
type phase struct {
	name      string
	endpoints []endpoint
	clients   int
	rate      float64 // requests a second of each client; 0 is one after another
	duration  time.Duration
}

// figures are what came out for one endpoint.
type figures struct {
	answer campaign.Waits // from sending to the whole answer
	due    campaign.Waits // from when the request was due: a late client counts what it made others wait
	failed int
	first  string // failure
}

func main() {
	program := flag.String("exporter", "build/encast-exporter", "program to measure")
	duration := flag.Duration("duration", 5*time.Minute, "of the first phase; the others take a fifth of it")
	clients := flag.Int("clients", 100, "at the same time")
	rate := flag.Float64("rate", 20, "requests a second of each client, half /metrics and half /predict")
	empty := flag.Bool("empty", false, "be the server that the exporter is measured beside")
	address := flag.String("web.listen-address", "", "of that server")
	flag.Parse()
	if *empty {
		fmt.Fprintln(os.Stderr, "bench:", serveEmpty(*address))
		os.Exit(1)
	}
	if err := run(*program, *clients, *rate, *duration, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(program string, clients int, rate float64, duration time.Duration, args []string) error {
	log, err := os.CreateTemp("", "encast-exporter-*.log")
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	exporter, err := campaign.Start(program, log, args...)
	if err != nil {
		return err
	}
	defer exporter.Kill()
	time.Sleep(time.Second)
	idle, _, _, err := exporter.Memory()
	if err != nil {
		return err
	}
	fmt.Printf("%d cores of %s, %s, GOMAXPROCS as it comes; the clients run on the same cores.\n\n", runtime.NumCPU(), processor(), runtime.Version())
	fmt.Printf("Resident memory at rest: %s.\n\n", memory(idle))
	header()
	both := []endpoint{metrics, predict}
	first := phase{fmt.Sprintf("%d clients, %g/s each", clients, rate), both, clients, rate, duration}
	if err := show(exporter, first); err != nil {
		return err
	}
	first.duration /= 5
	if err := besideEmpty(log, first); err != nil {
		return err
	}
	for _, p := range []phase{
		{fmt.Sprintf("%d clients, 100/s each", clients), []endpoint{predict}, clients, 100, duration / 5},
		{fmt.Sprintf("%d clients, saturated", clients), both, clients, 0, duration / 5},
		{fmt.Sprintf("%d clients, saturated", clients), []endpoint{predict}, clients, 0, duration / 5},
		{fmt.Sprintf("%d clients, saturated", clients), []endpoint{metrics}, clients, 0, duration / 5},
		{"1 client, saturated", []endpoint{predict}, 1, 0, duration / 5},
	} {
		if err := show(exporter, p); err != nil {
			return err
		}
	}
	if err := tables(exporter); err != nil {
		return err
	}
	exporter.Kill()
	if err := withObservations(program, log, clients, rate, duration/5); err != nil {
		return err
	}
	return capacity(program, log)
}

// memory tells MiB in MB, too, which limits are often given in.
func memory(mib float64) string { return fmt.Sprintf("%.1f MiB (%.1f MB)", mib, mib*(1<<20)/1e6) }

func header() {
	fmt.Println("| phase | endpoint | requests/s | failed | p50, ms | p99, ms | p99.9, ms | max, ms | p99 from due, ms | CPU, µs a request | RSS after; most | stolen |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|")
}

// show measures a phase and prints its rows of the table.
func show(exporter *campaign.Exporter, p phase) error {
	before := exporter.CPU()
	all0, others0 := stolen()
	all := measure(exporter.Address, p)
	used := exporter.CPU() - before
	lost := share(all0, others0)
	now, most, _, err := exporter.Memory()
	if err != nil {
		return err
	}
	answered := 0
	for _, f := range all {
		answered += len(f.answer)
	}
	for i, f := range all {
		f.answer.Sort()
		f.due.Sort()
		fromDue := "–"
		if p.rate > 0 {
			fromDue = fmt.Sprintf("%.2f", f.due.Quantile(.99))
		}
		fmt.Printf("| %s | %s | %.0f | %d | %.2f | %.2f | %.2f | %.1f | %s | %.0f | %s; %s | %s |\n", p.name, p.endpoints[i].name,
			float64(len(f.answer))/p.duration.Seconds(), f.failed, f.answer.Quantile(.5), f.answer.Quantile(.99),
			f.answer.Quantile(.999), f.answer.Quantile(1), fromDue, 1e6*used/float64(max(1, answered)), memory(now), memory(most), lost)
		if f.first != "" {
			fmt.Fprintln(os.Stderr, "first failure:", f.first)
		}
	}
	return nil
}

// measure runs a phase; the figures are in the order of its endpoints.
func measure(address string, p phase) []figures {
	parts := make([][]figures, p.clients)
	var group sync.WaitGroup
	begin := time.Now().Add(50 * time.Millisecond)
	end := begin.Add(p.duration)
	for i := range parts {
		parts[i] = make([]figures, len(p.endpoints))
		group.Go(func() {
			client := campaign.NewClient(address)
			defer client.Close()
			due := begin
			if p.rate > 0 { // spread over the interval
				due = due.Add(time.Duration(float64(i) / float64(p.clients) / p.rate * 1e9))
			}
			for turn := i; ; turn++ {
				if p.rate == 0 {
					due = time.Now()
				}
				time.Sleep(time.Until(due))
				sent := time.Now()
				if sent.After(end) {
					return
				}
				which := turn % len(p.endpoints)
				f := &parts[i][which]
				status, body, err := client.Ask(p.endpoints[which].message)
				answered := time.Now()
				if err != nil || status != 200 {
					if f.failed++; f.first == "" {
						f.first = fmt.Sprintf("%d %v %.200s", status, err, body)
					}
				} else {
					f.answer.Add(answered.Sub(sent))
					f.due.Add(answered.Sub(due))
				}
				if p.rate > 0 {
					due = due.Add(time.Duration(1e9 / p.rate))
				}
			}
		})
	}
	group.Wait()
	all := make([]figures, len(p.endpoints))
	for _, part := range parts {
		for i, f := range part {
			all[i].answer = append(all[i].answer, f.answer...)
			all[i].due = append(all[i].due, f.due...)
			all[i].failed += f.failed
			if all[i].first == "" {
				all[i].first = f.first
			}
		}
	}
	return all
}

// tables measures tables by columns.
func tables(exporter *campaign.Exporter) error {
	fmt.Println("\n| table of 100,000 rows | rows/s, median of 9 | ms |")
	fmt.Println("|---|---|---|")
	bitrates := make([]string, 100_000)
	heights := make([]string, len(bitrates))
	for i := range bitrates {
		bitrates[i] = fmt.Sprintf("%.3f", 300+.19*float64(i))
		heights[i] = []string{"360", "720", "1080"}[i%3]
	}
	client := campaign.NewClient(exporter.Address)
	defer client.Close()
	for _, table := range []struct{ name, columns string }{
		{"of bitrates, VMAF", `"targets":["vmaf"],"columns":{"resolution":"1920x1080","codec":"h264","preset":"medium","bitrate_kbps":[` + strings.Join(bitrates, ",") + `]}`},
		{"of bitrates and heights, VMAF and time with intervals", `"targets":["vmaf","encode_seconds"],"intervals":true,"columns":{"width":1280,"codec":"h264","preset":"medium","height":[` +
			strings.Join(heights, ",") + `],"bitrate_kbps":[` + strings.Join(bitrates, ",") + `]}`},
	} {
		message := campaign.Message("POST", "/predict", "{"+table.columns+"}")
		var waits campaign.Waits
		for range 9 {
			begun := time.Now()
			status, body, err := client.Ask(message)
			if err != nil || status != 200 {
				return fmt.Errorf("%s: %d %w %.200s", table.name, status, err, body)
			}
			waits.Add(time.Since(begun))
		}
		waits.Sort()
		fmt.Printf("| %s | %.0f | %.0f |\n", table.name, 1e5/waits.Quantile(.5)*1e3, waits.Quantile(.5))
	}
	now, most, files, err := exporter.Memory()
	fmt.Printf("\nAt the end: %s resident, %s at most, %d open files.\n", memory(now), memory(most), files)
	return err
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "an unknown processor"
	}
	_, rest, _ := strings.Cut(string(text), "model name")
	name, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(name, " \t:")
}
