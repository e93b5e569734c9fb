package answer

import (
	"strconv"

	"github.com/encast/encast/go-exporter/encast"
)

// AppendScores appends the answer to a table by columns.
func AppendScores(dst []byte, scores []encast.Scores, rows int, version string) []byte {
	dst = appendTextMember(append(dst, '{'), "model", version)
	dst = strconv.AppendInt(appendName(dst, "rows"), int64(rows), 10)
	dst = append(appendName(dst, "columns"), '{')
	for i := range scores {
		s, name := &scores[i], scores[i].Target.String()
		dst = appendColumn(appendName(dst, name), s.Values)
		if s.Lower != nil {
			dst = appendColumn(appendName(dst, name+"_lower"), s.Lower)
			dst = appendColumn(appendName(dst, name+"_upper"), s.Upper)
		}
	}
	return append(dst, '}', '}')
}

func appendColumn(dst []byte, values []float64) []byte {
	dst = append(dst, '[')
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendNumber(dst, value)
	}
	return append(dst, ']')
}
