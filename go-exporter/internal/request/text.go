package request

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/encast/encast/go-exporter/internal/label"
)

func setResolution(r *Request, text string) error {
	width, height, err := sizeOf(text)
	if err == nil {
		r.Features.ResolutionWidth, r.Features.ResolutionHeight = width, height
	}
	return err
}

// sizeOf reads "1920x1080".
func sizeOf(text string) (float64, float64, error) {
	width, height, found := strings.Cut(text, "x")
	w, errW := strconv.ParseUint(width, 10, 32)
	h, errH := strconv.ParseUint(height, 10, 32)
	if !found || errW != nil || errH != nil {
		return 0, 0, fmt.Errorf("%q is not of the form 1920x1080", shown(text))
	}
	return float64(w), float64(h), nil
}

func setPlace(place *string, text string) error {
	if text == "" {
		return errors.New("must not be empty: leave it out when there is none")
	}
	*place = text
	return nil
}

// setLabel keeps a text that becomes the value of a label: bounded, and fit to be shown.
func setLabel(kept *string, text string, most int) error {
	if err := label.Check(text, most); err != nil {
		return err
	}
	*kept = text
	return nil
}

// numberOf reads a finite decimal number.
func numberOf(text string) (float64, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) }) {
		return 0, fmt.Errorf("%q is not a number", shown(text))
	}
	number, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(number, 0):
		return 0, fmt.Errorf("%s is beyond what a number holds", shown(text))
	case err != nil:
		return 0, fmt.Errorf("%q is not a number", shown(text))
	}
	return number, nil
}
