// Package retraining reads what `encast retrain --watch` says of its runs.
package retraining

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Outcomes of a run, in the order of their metrics.
var Outcomes = []string{"placed", "refused", "failed", "unchanged"}

// Status is what the file says of the last run, and of all.
type Status struct {
	StartedAt        float64            `json:"started_at"`  // Unix seconds
	FinishedAt       float64            `json:"finished_at"` // Unix seconds
	Outcome          string             `json:"outcome"`     // one of Outcomes
	Reason           string             `json:"reason"`      // a code
	Message          string             `json:"message"`
	ServingVersion   string             `json:"serving_version"`
	CandidateVersion string             `json:"candidate_version"`
	Runs             map[string]float64 `json:"runs"`                      // how many ended in each outcome
	LastSuccessAt    float64            `json:"last_success_at,omitempty"` // Unix seconds; 0 where the file does not say
	Every            float64            `json:"every,omitempty"`           // seconds between the starts of two runs; 0 without a schedule
}

// Succeeded tells whether the run did what it should: there is a new model, or nothing to learn.
func (s *Status) Succeeded() bool { return s.Outcome == "placed" || s.Outcome == "unchanged" }

const maxFileSize = 1 << 20

var code = regexp.MustCompile(`^[a-z0-9_.-]{0,64}$`)

// Parse reads a status.
func Parse(text []byte) (*Status, error) {
	status := &Status{}
	if err := json.Unmarshal(text, status); err != nil {
		return nil, err
	}
	if !slices.Contains(Outcomes, status.Outcome) {
		return nil, fmt.Errorf("outcome: %.40q is none of %v", status.Outcome, Outcomes)
	}
	if !code.MatchString(status.Reason) {
		status.Reason = "other" // it becomes a label
	}
	return status, nil
}

// File is a file of status that is read anew when it has changed. Any number of goroutines may use it.
type File struct {
	path   string
	logger *slog.Logger

	mu       sync.Mutex
	modified time.Time
	size     int64
	known    bool // status and err are of the file as it was then
	status   *Status
	err      error
	success  float64
}

// NewFile returns the file of a path.
func NewFile(path string, logger *slog.Logger) *File { return &File{path: path, logger: logger} }

// Read returns the status, and when a run last succeeded as far as the file told since start, Unix seconds; a missing file has
// neither status nor error.
func (f *File) Read() (status *Status, success float64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		f.known = false
		return nil, 0, nil
	}
	if err == nil && f.known && info.ModTime().Equal(f.modified) && info.Size() == f.size {
		return f.status, f.success, f.err
	}
	if err == nil {
		f.modified, f.size = info.ModTime(), info.Size()
		status, err = read(f.path)
	}
	if err != nil && (f.err == nil || f.err.Error() != err.Error()) {
		f.logger.Warn("The status of retraining can't be read", "path", f.path, "err", err)
	}
	f.known, f.status, f.err = true, status, err
	if status != nil {
		if status.Succeeded() {
			f.success = status.FinishedAt
		}
		f.success = max(f.success, status.LastSuccessAt)
	}
	return f.status, f.success, f.err
}

func read(path string) (*Status, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileSize {
		return nil, fmt.Errorf("larger than %d bytes", maxFileSize)
	}
	return Parse(text)
}
