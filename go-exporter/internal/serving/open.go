package serving

import "github.com/encast/encast/go-exporter/encast"

// Opener returns the function that opens the model of a path, or the embedded one when the path is empty. A path that
// can't be used is an error: the embedded model never stands in for it.
func Opener(path string) func() (Model, error) {
	return func() (Model, error) {
		var model *encast.Model
		var err error
		if path == "" {
			model, err = encast.LoadDefault()
		} else {
			model, err = encast.Load(path)
		}
		if err != nil {
			return nil, err
		}
		return model, nil
	}
}
