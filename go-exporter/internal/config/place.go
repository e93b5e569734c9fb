package config

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/encast/encast/go-exporter/encast"
)

// Place is where encodes run, as far as it is told. A machine in a region makes a site, whose times, energy, cost and
// carbon are forecast; a machine alone is one that the model was taught.
type Place struct {
	Machine, Region string   // names; empty means not given
	Profiles        string   // TOML file of machines, regions and prices over the built-in ones; empty means these alone
	MonthsStored    *float64 // months that encodes are kept; nil means not given
	Deliveries      *float64 // how often encodes are sent to the internet; nil means not given
	WholeMachine    bool     // whether encodes are charged their whole machine
}

// placeField is a part of a [Place], as a file and a flag name it; it is one of a text, an amount and a truth.
type placeField struct {
	key, flag string
	text      func(*Place) *string
	amount    func(*Place) **float64
	truth     func(*Place) *bool
	ofSite    bool // only a site can use it
}

var placeFields = []placeField{
	{key: "machine", flag: "machine", text: func(p *Place) *string { return &p.Machine }},
	{key: "region", flag: "region", text: func(p *Place) *string { return &p.Region }},
	{key: "profiles", flag: "profiles", text: func(p *Place) *string { return &p.Profiles }}, // requests may name sites that are in it
	{key: "months_stored", flag: "months-stored", amount: func(p *Place) **float64 { return &p.MonthsStored }, ofSite: true},
	{key: "deliveries", flag: "deliveries", amount: func(p *Place) **float64 { return &p.Deliveries }, ofSite: true},
	{key: "whole_machine", flag: "whole-machine", truth: func(p *Place) *bool { return &p.WholeMachine }, ofSite: true},
}

// placeFieldOf returns the field of a key; nil when there is none.
func placeFieldOf(key string) *placeField {
	for i := range placeFields {
		if placeFields[i].key == key {
			return &placeFields[i]
		}
	}
	return nil
}

// given tells whether a place says something of the field.
func (f *placeField) given(p *Place) bool {
	switch {
	case f.text != nil:
		return *f.text(p) != ""
	case f.amount != nil:
		return *f.amount(p) != nil
	}
	return *f.truth(p)
}

// over returns the place with what flags say in its stead.
func (p Place) over(flags Place) Place {
	for i := range placeFields {
		switch f := &placeFields[i]; {
		case !f.given(&flags):
		case f.text != nil:
			*f.text(&p) = *f.text(&flags)
		case f.amount != nil:
			*f.amount(&p) = *f.amount(&flags)
		default:
			*f.truth(&p) = true
		}
	}
	return p
}

// Files returns the files that the configuration is made of, beside its own: the profiles, if it has some.
func (c *Config) Files() []string {
	if c.place.Profiles == "" {
		return nil
	}
	return []string{c.place.Profiles}
}

// OptionsOf returns the options of an encode's forecasts.
func (c *Config) OptionsOf(encode *Encode) encast.PredictOptions {
	options := c.Options
	options.Site = encode.Site
	return options
}

// locate makes the sites of the encodes; a flag stands over what the file says for all encodes. The error names every
// mistake once.
func (c *Config) locate(flags Place) error {
	if c.place.Profiles != "" && !filepath.IsAbs(c.place.Profiles) {
		c.place.Profiles = filepath.Join(filepath.Dir(c.file), c.place.Profiles)
	}
	place := c.place.over(flags)
	c.flags = map[string]string{}
	for i := range placeFields {
		if f := &placeFields[i]; f.given(&flags) { // the flag is to blame, not the file
			delete(c.lines, f.key)
			c.flags[f.key] = f.flag
		}
	}
	c.place, c.sites = place, NewSites(place.Profiles)
	l := locator{config: c, said: map[string]bool{}}
	sited := false
	for i := range c.Encodes {
		l.encode(&c.Encodes[i])
		sited = sited || c.Encodes[i].Site != nil
	}
	if place.Profiles != "" && len(l.errs) == 0 {
		if err := c.sites.Load(); err != nil {
			l.blame(nil, "profiles", err)
		}
	}
	if len(l.errs) == 0 && !sited {
		for i := range placeFields {
			if f := &placeFields[i]; f.ofSite && f.given(&place) {
				l.blame(nil, f.key, errors.New("needs a region"))
				break
			}
		}
	}
	if place.MonthsStored != nil {
		c.Options.MonthsStored = *place.MonthsStored
	}
	if place.Deliveries != nil {
		c.Options.Deliveries = *place.Deliveries
	}
	c.Options.WholeMachine = place.WholeMachine
	return errors.Join(l.errs...)
}

// Locate puts a request where it says that it runs, or else where all do: in a site of the options, or as a machine that
// the model was taught. The error comes with the field that is to blame.
func (c *Config) Locate(machine, region string, features *encast.Features, options *encast.PredictOptions) (string, error) {
	machine, region = c.PlaceOf(machine, region)
	switch {
	case region == "":
		features.Machine = machine // one that the model was taught
		return "", nil
	case machine == "":
		return "region", fmt.Errorf("%s needs a machine", region)
	}
	site, field, err := c.sites.Of(machine, region)
	options.Site = site
	return field, err
}

// PlaceOf returns the machine and the region of an encode that names these, or none.
func (c *Config) PlaceOf(machine, region string) (string, string) {
	if machine == "" {
		machine = c.place.Machine
	}
	if region == "" {
		region = c.place.Region
	}
	return machine, region
}

// locator puts the encodes of a configuration where they run.
type locator struct {
	config *Config
	errs   []error
	said   map[string]bool
}

// blame keeps an error about a field of an encode, or of the place of all.
func (l *locator) blame(encode *Encode, field string, err error) {
	blamed := &Error{File: l.config.file, Field: field, Reason: err.Error(), Err: err}
	if encode != nil {
		if line, own := encode.lines[field]; own {
			blamed.Line, blamed.Encode = line, encode.Name
		}
	}
	if blamed.Line == 0 {
		line, inFile := l.config.lines[field]
		if blamed.Line = line; !inFile {
			blamed.File, blamed.Field = "", "--"+placeFieldOf(field).flag
		}
	}
	if text := blamed.Error(); !l.said[text] {
		l.said[text] = true
		l.errs = append(l.errs, blamed)
	}
}

func (l *locator) encode(encode *Encode) {
	var options encast.PredictOptions
	field, err := l.config.Locate(encode.machine, encode.region, &encode.Features, &options)
	if err != nil {
		l.blame(encode, field, err)
	}
	encode.Site = options.Site
}
