package api_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/internal/feedback"
)

// BenchmarkObserve reports encodes over HTTP, each forecast on the way and stored before the answer, and tells observations a second
// and how long answers take.
func BenchmarkObserve(b *testing.B) {
	for _, load := range []struct{ clients, rows int }{{1, 1}, {100, 1}, {1, 1000}, {4, 1000}} {
		b.Run(fmt.Sprintf("clients=%d/rows=%d", load.clients, load.rows), func(b *testing.B) {
			e := startKeeping(b, "", feedback.Options{Exposed: 200})
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: load.clients}}
			turns := make(chan int)
			var mu sync.Mutex
			var waits []time.Duration
			var group sync.WaitGroup
			for range load.clients {
				group.Go(func() {
					for turn := range turns {
						rows := make([]string, load.rows)
						for row := range rows {
							rows[row] = fmt.Sprintf(`{"id":"%d-%d","title":"t%d","vmaf":90,"request":{%s}}`, turn, row, row%50, encodeFields)
						}
						begun := time.Now()
						response, err := client.Post(e.url+"/observe", "application/json", strings.NewReader("["+strings.Join(rows, ",")+"]"))
						if err != nil {
							b.Error(err)
							continue
						}
						text, err := io.ReadAll(response.Body)
						_ = response.Body.Close()
						if err != nil || response.StatusCode != http.StatusOK {
							b.Error(response.Status, string(text), err)
						}
						mu.Lock()
						waits = append(waits, time.Since(begun))
						mu.Unlock()
					}
				})
			}
			turn := 0
			for b.Loop() {
				turns <- turn
				turn++
			}
			close(turns)
			group.Wait()
			slices.Sort(waits)
			b.ReportMetric(float64(turn*load.rows)/b.Elapsed().Seconds(), "observations/s")
			b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1e3, "p50-ms")
			b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1e3, "p99-ms")
			b.ReportMetric(float64(e.feedback.Store().Size())/float64(turn*load.rows), "file-bytes/observation")
		})
	}
}
