package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/encast/encast/go-exporter/internal/campaign"
)

// serveEmpty answers as many bytes as the exporter does, always the same: what of the waits is the clients', the machine's and net/http's.
func serveEmpty(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	page, forecast := bytes.Repeat([]byte("x"), 36<<10), bytes.Repeat([]byte("x"), 2<<10)
	answer := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body) // an error is a client that went away
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", answer(page))
	mux.Handle("POST /predict", answer(forecast))
	slog.New(slog.NewTextHandler(os.Stderr, nil)).Info("Listening on", "address", listener.Addr().String())
	return http.Serve(listener, mux)
}

// besideEmpty measures a phase of a server that has nothing to do.
func besideEmpty(log io.Writer, p phase) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	server, err := campaign.Start(program, log, "--empty")
	if err != nil {
		return err
	}
	defer server.Kill()
	p.name += ", an empty server"
	return show(server, p)
}

// stolen tells the processor time that was there and that the host gave to others, since it was started; ticks.
func stolen() (all, others float64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line)[1:9] {
		ticks, _ := strconv.ParseFloat(field, 64)
		if all += ticks; i == 7 {
			others = ticks
		}
	}
	return all, others
}

// share tells which part of the time since then was stolen.
func share(all, others float64) string {
	allNow, othersNow := stolen()
	return fmt.Sprintf("%.1f %%", 100*(othersNow-others)/max(1, allNow-all))
}
