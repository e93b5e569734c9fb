package request

import (
	"errors"
	"math"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

// FuzzParsePredict: any body gives a request that the model can be asked, or an error that says why not.
func FuzzParsePredict(f *testing.F) {
	for _, body := range []string{
		`{"bitrate_kbps":4000,"resolution":"1920x1080","fps":30,"codec":"h264","preset":"medium","id":"a"}`,
		`[{"crf":28,"width":1280,"height":720,"anchors":[{"crf":30,"vmaf":85}],"whole_machine":true},{}]`,
		`{"targets":["vmaf"],"intervals":true,"level":0.5,"columns":{"bitrate_kbps":[1, null ,-3e2],"codec":["h264",null,"av1"],"resolution":"1x1"}}`,
		`{"a\u0066\"":1}`, `[[[`, "{\"id\":\"\xff\"}", `{"columns":{"bitrate_kbps":[]}}`, `{"columns":{"bitrate_kbps":[ ]},"targets":[]}`,
	} {
		f.Add([]byte(body))
	}
	bounds := Bounds{Requests: 4, Rows: 8}
	f.Fuzz(func(t *testing.T, body []byte) {
		asked, err := ParsePredict(body, encast.PredictOptions{}, bounds)
		if err != nil {
			var mistake *Error
			if !errors.As(err, &mistake) || mistake.Error() == "" || mistake.HTTPStatus() < 400 || mistake.HTTPStatus() > 499 {
				t.Fatalf("%#v", err)
			}
			return
		}
		if asked.Table != nil {
			if rows := asked.Table.Score.Rows; rows < 1 || rows > bounds.Rows {
				t.Fatalf("%d rows", rows)
			}
			for _, column := range asked.Table.Score.Columns {
				if len(column.Values)+len(column.Codes) != asked.Table.Score.Rows {
					t.Fatalf("column %s has %d rows of %d", column.Field, len(column.Values), asked.Table.Score.Rows)
				}
			}
			return
		}
		if len(asked.Requests) > bounds.Requests {
			t.Fatalf("%d requests", len(asked.Requests))
		}
		for i := range asked.Requests {
			for _, field := range encast.NumericFields() {
				if math.IsInf(asked.Requests[i].Features.Value(field), 0) {
					t.Fatalf("%s is infinite", field)
				}
			}
		}
	})
}

// FuzzParseQuery likewise.
func FuzzParseQuery(f *testing.F) {
	f.Add("bitrate_kbps=4000&resolution=1920x1080&fps=30&config=%22")
	f.Add("a=%zz&;")
	f.Fuzz(func(t *testing.T, query string) {
		asked, err := ParseQuery(query, encast.PredictOptions{})
		if (asked == nil) == (err == nil) {
			t.Fatalf("%v, %v", asked, err)
		}
	})
}
