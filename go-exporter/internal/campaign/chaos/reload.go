package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/encast/encast/go-exporter/internal/campaign"
)

// tally is what came of one kind of question.
type tally struct {
	answered, failed, wrong int
	versions                map[string]int
	waits                   campaign.Waits
	first                   string // of what failed or was wrong
}

func (t *tally) add(other *tally) {
	t.answered += other.answered
	t.failed += other.failed
	t.wrong += other.wrong
	t.waits = append(t.waits, other.waits...)
	if t.versions == nil {
		t.versions = map[string]int{}
	}
	for version, count := range other.versions {
		t.versions[version] += count
	}
	if t.first == "" {
		t.first = other.first
	}
}

// put puts a bundle where the exporter reads it, at once and whole.
func put(path string, bundle []byte) error {
	return errors.Join(os.WriteFile(path+".new", bundle, 0o600), os.Rename(path+".new", path))
}

// spoilt are bundles that are none, made of one that is.
func spoilt(bundle []byte) [][]byte {
	flipped := append([]byte(nil), bundle...)
	flipped[len(flipped)/2] ^= 0x55
	return [][]byte{flipped, bundle[:len(bundle)/3], nil, []byte("{")}
}

// reloadUnderLoad serves the models in turn, with bad ones between, while clients check every answer.
func (m *models) reloadUnderLoad(program, path string, reloads, clients, reporters int, rate float64) error {
	if err := put(path, m.bundles[0]); err != nil {
		return err
	}
	// It watches the file, too: loads that nobody asked for come between.
	args := []string{"--model-path=" + path, "--reload.watch=50ms", "--observations.path=" + path + ".observations", "--correction"}
	exporter, err := campaign.Start(program, io.Discard, args...)
	if err != nil {
		return err
	}
	defer exporter.Kill()
	before, _, filesBefore, err := exporter.Memory()
	if err != nil {
		return err
	}
	asked := questions()
	stop := make(chan struct{})
	parts := make([][]tally, clients)
	var group sync.WaitGroup
	for i := range parts {
		parts[i] = make([]tally, len(asked))
		group.Go(func() { m.ask(exporter.Address, asked, parts[i], i, rate, stop) })
	}
	reported := make([]reports, reporters)
	for i := range reported {
		group.Go(func() { reported[i] = m.report(exporter.Address, i, stop) })
	}
	begun := time.Now()
	refused, err := m.reload(exporter.Address, path, reloads)
	took := time.Since(begun)
	close(stop)
	group.Wait()
	if err != nil {
		return err
	}
	now, most, files, err := exporter.Memory()
	if err != nil {
		return err
	}
	fmt.Printf("%d reloads in %.0f s under %d clients, %d of them of damaged files and answered with 500; %s; resident %.1f MiB before, %.1f after, %.1f at most; %d open files before, %d after.\n\n",
		reloads, took.Seconds(), clients, refused, pace(rate), before, now, most, filesBefore, files)
	fmt.Println("| request | answered | failed | wrong or mixed | by version | p50, ms | p99, ms | max, ms |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	bad := 0
	for q := range asked {
		var all tally
		for i := range parts {
			all.add(&parts[i][q])
		}
		all.waits.Sort()
		fmt.Printf("| %s | %d | %d | %d | %s | %.2f | %.2f | %.1f |\n", asked[q].name, all.answered, all.failed, all.wrong,
			strings.TrimPrefix(fmt.Sprint(all.versions), "map"), all.waits.Quantile(.5), all.waits.Quantile(.99), all.waits.Quantile(1))
		if all.first != "" {
			fmt.Fprintln(os.Stderr, "first failure of", asked[q].name, all.first)
		}
		bad += all.failed + all.wrong
		if len(all.versions) == 1 {
			bad++
			fmt.Fprintln(os.Stderr, asked[q].name, "saw one model only")
		}
	}
	fmt.Println()
	exporter.Kill()
	if err := put(path, m.bundles[0]); err != nil {
		return err
	}
	again, err := campaign.Start(program, io.Discard, args...)
	if err != nil {
		return fmt.Errorf("after the reloads: %w", err)
	}
	defer again.Kill()
	unreported, err := summarize(again.Address, reported)
	if err != nil {
		return err
	}
	if bad += unreported; bad > 0 {
		return fmt.Errorf("%d answers failed or were wrong", bad)
	}
	return nil
}

// summarize checks what was reported against what an exporter has, prints it, and tells how many reports failed.
func summarize(address string, reported []reports) (failed int, err error) {
	acknowledged, corrected := map[string]string{}, 0
	for _, r := range reported {
		maps.Copy(acknowledged, r.acknowledged)
		corrected += r.corrected
		failed += r.failed
		if r.first != "" {
			fmt.Fprintln(os.Stderr, "first failure of a report:", r.first)
		}
	}
	if len(reported) > 0 && (len(acknowledged) == 0 || corrected == 0) {
		return failed, fmt.Errorf("%d reports were acknowledged, %d forecasts corrected", len(acknowledged), corrected)
	}
	if err := kept(address, acknowledged); err != nil {
		return failed, err
	}
	fmt.Printf("Meanwhile %d encodes were forecast under an id, %d of them corrected, and observed: after a kill all that were acknowledged are there, once. %d failed.\n\n",
		len(acknowledged)+failed, corrected, failed)
	return failed, nil
}

func pace(rate float64) string {
	if rate == 0 {
		return "each client asks as soon as it is answered"
	}
	return fmt.Sprintf("each client asks %g times a second", rate)
}

// ask asks everything in turn until it is told to stop.
func (m *models) ask(address string, asked []question, tallies []tally, turn int, rate float64, stop <-chan struct{}) {
	client := campaign.NewClient(address)
	defer client.Close()
	due := time.Now()
	for ; ; turn++ {
		select {
		case <-stop:
			return
		default:
		}
		if rate > 0 {
			time.Sleep(time.Until(due))
			due = due.Add(time.Duration(1e9 / rate))
		}
		q, t := &asked[turn%len(asked)], &tallies[turn%len(asked)]
		begun := time.Now()
		status, body, err := client.Ask(q.message)
		t.waits.Add(time.Since(begun))
		if err != nil || status != 200 {
			if t.failed++; t.first == "" {
				t.first = fmt.Sprintf("%d %v %.300s", status, err, body)
			}
			continue
		}
		t.answered++
		version, what := q.wrong(m, body)
		if what != "" {
			if t.wrong++; t.first == "" {
				t.first = what
			}
			continue
		}
		if version != "" {
			if t.versions == nil {
				t.versions = map[string]int{}
			}
			t.versions[version]++
		}
	}
}

// reload puts files in place and reloads them, and tells how many were refused, as they had to be.
func (m *models) reload(address, path string, reloads int) (int, error) {
	client := campaign.NewClient(address)
	defer client.Close()
	message := []byte("POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
	bad := spoilt(m.bundles[1])
	refused := 0
	for i := range reloads {
		bundle, want, says := m.bundles[i%len(m.bundles)], 200, m.of[i%len(m.bundles)].Info().Version
		if i%5 == 4 {
			bundle, want, says = bad[refused%len(bad)], 500, path
			refused++
		}
		if err := put(path, bundle); err != nil {
			return refused, err
		}
		status, body, err := client.Ask(message)
		var reply struct{ Status, Message string }
		if err == nil {
			err = json.Unmarshal(body, &reply)
		}
		if err != nil || status != want || !strings.Contains(reply.Message, says) {
			return refused, fmt.Errorf("reload %d: %d %.300s (%v), want %d", i, status, body, err, want)
		}
	}
	return refused, nil
}
