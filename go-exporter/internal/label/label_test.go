package label

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for text, reason := range map[string]string{
		"a":                          "",
		"Fähre 4: \"x\" {y=\"z\"}":   "",
		strings.Repeat("a", MaxID):   "",
		"":                           "must not be empty",
		strings.Repeat("a", MaxID+1): "129 bytes long, at most 128",
		strings.Repeat("ä", 65):      "130 bytes long",
		"a\xffb":                     "not UTF-8",
		"a\nb":                       "control character U+000A",
		"a\u0085b":                   "control character U+0085",
	} {
		err := Check(text, MaxID)
		if reason == "" && err != nil || reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
			t.Errorf("%q: %v, want %q", text, err, reason)
		}
	}
}
