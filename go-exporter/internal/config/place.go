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

// over returns the place with what flags say in its stead.
func (p Place) over(flags Place) Place {
	if flags.Machine != "" {
		p.Machine = flags.Machine
	}
	if flags.Region != "" {
		p.Region = flags.Region
	}
	if flags.Profiles != "" {
		p.Profiles = flags.Profiles
	}
	if flags.MonthsStored != nil {
		p.MonthsStored = flags.MonthsStored
	}
	if flags.Deliveries != nil {
		p.Deliveries = flags.Deliveries
	}
	p.WholeMachine = p.WholeMachine || flags.WholeMachine
	return p
}

// given names what is told of the place that only a site can use; requests may name sites that are in the profiles.
func (p Place) given() string {
	switch {
	case p.MonthsStored != nil:
		return "months_stored"
	case p.Deliveries != nil:
		return "deliveries"
	case p.WholeMachine:
		return "whole_machine"
	}
	return ""
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
	for field, said := range map[string]bool{
		"machine": flags.Machine != "", "region": flags.Region != "", "profiles": flags.Profiles != "",
		"months_stored": flags.MonthsStored != nil, "deliveries": flags.Deliveries != nil,
	} {
		if said {
			delete(c.lines, field) // the flag is to blame, not the file
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
	if field := place.given(); field != "" && len(l.errs) == 0 && !sited {
		l.blame(nil, field, errors.New("needs a region"))
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
			blamed.File, blamed.Field = "", "--"+flagOf[field]
		}
	}
	if text := blamed.Error(); !l.said[text] {
		l.said[text] = true
		l.errs = append(l.errs, blamed)
	}
}

// flagOf has the flags of the fields that have one.
var flagOf = map[string]string{
	"machine": "machine", "region": "region", "profiles": "profiles", "months_stored": "months-stored",
	"deliveries": "deliveries", "whole_machine": "whole-machine",
}

func (l *locator) encode(encode *Encode) {
	var options encast.PredictOptions
	field, err := l.config.Locate(encode.machine, encode.region, &encode.Features, &options)
	if err != nil {
		l.blame(encode, field, err)
	}
	encode.Site = options.Site
}
