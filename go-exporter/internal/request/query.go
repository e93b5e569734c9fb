package request

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/encast/encast/go-exporter/encast"
)

// ParseQuery reads a request from the parameters of a URL, which have the names of the fields. Options hold where it
// has none of its own.
func ParseQuery(query string, options encast.PredictOptions) (*Request, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, Mistake("", "the parameters are not well-formed: %s", err)
	}
	request := Over(options)
	for _, name := range sortedNames(values) {
		k, err := request.lookUp([]byte(name))
		if err != nil {
			return nil, err
		}
		given := values[name]
		if len(given) > 1 {
			return nil, Mistake(name, "given twice")
		}
		if err := k.setText(&request, given[0]); err != nil {
			return nil, blame(err, name)
		}
	}
	if err := Complete(&request.Features); err != nil {
		return nil, err
	}
	return &request, nil
}

// sortedNames makes errors the same each time.
func sortedNames(values url.Values) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// setText sets what a text means for the key.
func (k *key) setText(r *Request, value string) error {
	switch k.kind {
	case text:
		return k.set(r, value)
	case anchors:
		return fmt.Errorf("are no parameter: POST /predict takes them")
	case truth:
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return fmt.Errorf("%q is neither true nor false", shown(value))
		}
		r.Options.WholeMachine = strings.EqualFold(value, "true")
		return nil
	}
	number, err := numberOf(value)
	if err != nil {
		return err
	}
	return k.setNumber(r, number)
}
