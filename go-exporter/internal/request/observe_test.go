package request

import (
	"errors"
	"math"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/label"
)

func FuzzParseObserve(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","vmaf":90,"observed_at":1.5e9}`, `[{"id":"a","psnr":null}]`, `[]`, `{"request":{"crf":23,"resolution":"1920x1080"},"title":"t","ssim":1}`,
		`{"id":"a","request":{"id":"b"}}`, `{"observed_at":1e300}`, `[{"vmaf":1},{"anchors":[]}]`, "{\"id\":\"\x00\"}", `{"vmaf":-0.0,"config":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, _, err := ParseObserve(body, encast.PredictOptions{}, 3)
		var mistake *Error
		if err != nil {
			if !errors.As(err, &mistake) || mistake.HTTPStatus() < 400 || mistake.HTTPStatus() >= 500 {
				t.Errorf("%v", err)
			}
			return
		}
		if len(reports) > 3 {
			t.Errorf("%d reports", len(reports))
		}
		for i := range reports {
			r := &reports[i]
			for _, target := range encast.AllTargets() {
				if math.IsInf(r.Measured.Value(target), 0) {
					t.Errorf("%s is infinite", target)
				}
			}
			if len(r.ID) > label.MaxID || r.Request != nil && r.Request.ID != r.ID || r.ObservedAt.Unix() > latestTime {
				t.Errorf("%+v", r)
			}
		}
	})
}
