// Package answer writes what the exporter answers: forecasts, ladders and errors as JSON.
package answer

import (
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendNumber appends the shortest number that reads back as the same; null for NaN, which stands for unknown.
func AppendNumber(dst []byte, value float64) []byte {
	size := math.Abs(value)
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return append(dst, "null"...)
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(dst, value, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, value, 'f', -1, 64)
}

// AppendText appends a text with its quotes. What is not UTF-8 is replaced.
func AppendText(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			// The error is of text that is not UTF-8; the replaced text comes with it.
			dst, _ = jsontext.AppendQuote(dst, text)
			return dst
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// appendName appends the name of a member that follows others, or opens the object.
func appendName(dst []byte, name string) []byte {
	if last := dst[len(dst)-1]; last != '{' && last != '[' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendNumberMember(dst []byte, name string, value float64) []byte {
	return AppendNumber(appendName(dst, name), value)
}

func appendTextMember(dst []byte, name, value string) []byte {
	return AppendText(appendName(dst, name), value)
}

func appendTruthMember(dst []byte, name string, value bool) []byte {
	return strconv.AppendBool(appendName(dst, name), value)
}
