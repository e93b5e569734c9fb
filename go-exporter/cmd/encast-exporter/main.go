// Command encast-exporter exposes the forecasts of configured encodes to Prometheus.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/collector"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/feedback"
	_ "github.com/encast/encast/go-exporter/internal/footprint"
	"github.com/encast/encast/go-exporter/internal/limit"
	"github.com/encast/encast/go-exporter/internal/server"
	"github.com/encast/encast/go-exporter/internal/serving"
	"github.com/encast/encast/go-exporter/internal/tracing"
)

// drainTime is how long requests under way may take after the signal to stop.
const drainTime = 10 * time.Second

const name = "encast_exporter"

func main() {
	// A write beyond a limit of the file's size is an error of that write, and no end of the program.
	signal.Ignore(syscall.SIGXFSZ)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "encast-exporter: %s\n", err)
		os.Exit(1)
	}
}

// run is the whole program: it returns when the context ends, or when it can't go on.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if version.Version == "" {
		version.Version = encast.Version()
	}
	app := kingpin.New("encast-exporter", "Exposes forecasts of video encodes to Prometheus.")
	app.HelpFlag.Short('h')
	app.Version(version.Print(name)).VersionFlag.Short('V')
	app.UsageWriter(stdout)
	settings, err := config.ParseFlags(app, args)
	if err != nil {
		return err
	}
	settings.Log.Writer = stderr
	logger := promslog.New(settings.Log)
	readConfig := func() (*config.Config, error) { return config.Load(settings.ConfigFile, settings.Place) }
	cfg, err := readConfig()
	if err != nil {
		return err
	}
	if err := web.Validate(*settings.Web.WebConfigFile); err != nil {
		return fmt.Errorf("--web.config.file: %w", err)
	}
	holder := &serving.Holder{}
	defer holder.Close()
	var kept *feedback.Feedback
	if !settings.CheckOnly {
		if kept, err = openFeedback(&settings.Feedback, holder, logger); err != nil {
			return err
		}
	}
	if kept != nil {
		defer kept.Close()
	}
	reloader := serving.NewReloader(holder, serving.Opener(settings.ModelPath, settings.RequireSignature), cfg, logger)
	reloader.ReadConfig(readConfig)
	reloader.Files(settings.ModelPath, signatureOf(settings.ModelPath), settings.ConfigFile, settings.RequireSignature)
	model, err := reloader.Start()
	if err != nil {
		return err
	}
	if settings.CheckOnly {
		fmt.Fprintf(stdout, "OK: %d encodes, model %s\n", len(cfg.Encodes), model.Version)
		return nil
	}
	logger.Info("Starting", "exporter", name, "version", version.Info(), "build", version.BuildContext())
	logger.Info("Model loaded", "path", settings.ModelPath, "version", model.Version, "trained_at", model.TrainedAt)
	traces, err := tracing.New(ctx, settings.Service.OTLPEndpoint, version.Version, logger)
	if err != nil {
		return err
	}
	defer func() {
		if err := traces.Stop(); err != nil {
			logger.Warn("Some traces were not sent", "err", err)
		}
	}()
	reloader.Trace(traces)
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collector.New(holder, reloader, observedBy(&settings.Feedback, kept, logger), logger),
		versioncollector.NewCollector(name),
		collector.Paced(collectors.NewGoCollector(), time.Second),
		collector.Paced(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), time.Second),
	)
	handler, err := server.Handler(server.Backend{
		Holder: holder, Reloader: reloader, Feedback: kept, Registry: registry, Version: version.Version, Logger: logger,
		API:     api.New(holder, kept, api.Bounds{BodyBytes: int64(settings.Service.BodyBytes)}, logger),
		Tracing: traces,
		Limits:  limit.New(settings.Service.Rate, settings.Service.Concurrent),
	})
	if err != nil {
		return err
	}
	// Before anyone is told that it listens: a SIGHUP that nobody waits for ends a program.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	go reloadOnHangup(ctx, hangup, reloader)
	if settings.Service.ReloadWatch > 0 {
		go reloader.Watch(ctx, settings.Service.ReloadWatch)
	}
	return serve(ctx, server.New(handler, logger), settings.Web, logger)
}

// serve answers until the context ends, and then lets the requests under way finish.
func serve(ctx context.Context, httpServer *http.Server, flags *web.FlagConfig, logger *slog.Logger) error {
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe(httpServer, flags, logger) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logger.Info("Stopping: requests under way are answered, no others", "at_most", drainTime)
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := httpServer.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("stopping: %w", err), httpServer.Close())
	}
	return nil
}

// signatureOf returns where the signature of a model is, if it has one.
func signatureOf(model string) string {
	if model == "" {
		return ""
	}
	return model + ".minisig"
}

// reloadOnHangup reloads the model at each hangup; how it went is logged and counted by the reloader.
func reloadOnHangup(ctx context.Context, hangup <-chan os.Signal, reloader *serving.Reloader) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			_, _ = reloader.Reload()
		}
	}
}
