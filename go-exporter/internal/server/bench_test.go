package server_test

import (
	"io"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

func BenchmarkScrape(b *testing.B) {
	url, _ := start(b, "", true)
	for b.Loop() {
		exchange(b, http.MethodGet, url+"/metrics")
	}
}

// BenchmarkScrapeBy100Clients keeps 100 clients scraping at the same time, and reports what each waits.
func BenchmarkScrapeBy100Clients(b *testing.B) {
	const clients = 100
	url, _ := start(b, "", true)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	var mu sync.Mutex
	var waits []time.Duration
	b.SetParallelism(clients / runtime.GOMAXPROCS(0))
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			begun := time.Now()
			response, err := client.Get(url + "/metrics")
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode != http.StatusOK {
				b.Error(response.Status, err)
				return
			}
			mu.Lock()
			waits = append(waits, time.Since(begun))
			mu.Unlock()
		}
	})
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(len(waits))/b.Elapsed().Seconds(), "scrapes/s")
}
