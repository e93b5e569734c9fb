package main

import (
	"log/slog"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/collector"
	"github.com/encast/encast/go-exporter/internal/config"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/retraining"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// openFeedback opens the observations and lets them follow the model in use; nil when none are kept.
func openFeedback(settings *config.Feedback, holder *serving.Holder, logger *slog.Logger) (*feedback.Feedback, error) {
	if settings.Path == "" {
		return nil, nil
	}
	kept, err := feedback.Open(feedback.Options{
		Path: settings.Path, Retention: settings.Retention, Exposed: settings.Exposed, Correct: settings.Correct, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	if settings.Correct {
		holder.Correct = kept.Correction
	}
	holder.Replaced = func(model serving.Model) {
		served, is := model.(*encast.Model)
		if !is {
			return
		}
		if err := kept.Follow(served); err != nil {
			logger.Error("The model in use is not held against observations", "version", served.Info().Version, "err", err)
		}
	}
	waiting, observed := kept.Store().Counts()
	logger.Info("Observations opened", "path", settings.Path, "observations", observed, "forecasts", waiting)
	return kept, nil
}

// observedBy exposes what was observed and how retraining goes.
func observedBy(settings *config.Feedback, kept *feedback.Feedback, logger *slog.Logger) *collector.Observed {
	var status *retraining.File
	if settings.Status != "" {
		status = retraining.NewFile(settings.Status, logger)
	}
	return collector.NewObserved(kept, status, logger)
}
