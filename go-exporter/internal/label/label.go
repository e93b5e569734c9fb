// Package label bounds the texts that name an encode: they become keys of a store, columns of a table and values of labels.
package label

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Most bytes of each.
const (
	MaxID     = 128
	MaxTitle  = 127 // what the library takes
	MaxConfig = 128
)

// Check tells what keeps a text from being one of 1 to most bytes, in UTF-8 and without control characters.
func Check(text string, most int) error {
	switch {
	case text == "":
		return errors.New("must not be empty")
	case len(text) > most:
		return fmt.Errorf("%d bytes long, at most %d are allowed", len(text), most)
	case !utf8.ValidString(text):
		return errors.New("not UTF-8")
	}
	if at := strings.IndexFunc(text, unicode.IsControl); at >= 0 {
		control, _ := utf8.DecodeRuneInString(text[at:])
		return fmt.Errorf("holds the control character %U", control)
	}
	return nil
}
