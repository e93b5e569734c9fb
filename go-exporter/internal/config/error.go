package config

import (
	"fmt"
	"strings"
)

// Error tells where a configuration is wrong, and why.
type Error struct {
	File   string // empty for the built-in encodes
	Line   int    // from 1; 0 when the whole file is meant
	Encode string // name of the encode, when it has one
	Field  string // name of the field, when one is to blame
	Reason string
	Err    error // what caused it, if anything did
}

func (e *Error) Error() string {
	var text strings.Builder
	if e.File != "" {
		text.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&text, ":%d", e.Line)
		}
		text.WriteString(": ")
	}
	if e.Encode != "" {
		fmt.Fprintf(&text, "encode %q: ", e.Encode)
	}
	if e.Field != "" && !strings.HasPrefix(e.Reason, e.Field) {
		text.WriteString(e.Field + ": ")
	}
	text.WriteString(e.Reason)
	return text.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
