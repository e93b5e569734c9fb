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

// given names what is told of the place beside machine and region.
func (p Place) given() string {
	switch {
	case p.Profiles != "":
		return "profiles"
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

// locate makes the site of every encode; a flag stands over what the file says for all encodes. The error names every
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
	l := locator{config: c, place: place, sites: map[[2]string]*encast.Site{}, said: map[string]bool{}}
	defer l.close()
	for i := range c.Encodes {
		l.encode(&c.Encodes[i])
	}
	if field := place.given(); field != "" && len(l.errs) == 0 && len(l.sites) == 0 {
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

// locator makes sites, each machine in each region once.
type locator struct {
	config   *Config
	place    Place
	profiles *encast.Profiles
	failed   bool // profiles can't be read
	sites    map[[2]string]*encast.Site
	errs     []error
	said     map[string]bool
}

func (l *locator) close() {
	if l.profiles != nil {
		// Sites need their profiles no more.
		_ = l.profiles.Close()
	}
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
	machine, region := l.place.Machine, l.place.Region
	if encode.machine != "" {
		machine = encode.machine
	}
	if encode.region != "" {
		region = encode.region
	}
	switch {
	case region == "":
		encode.Features.Machine = machine // one that the model was taught
		return
	case machine == "":
		l.blame(encode, "region", fmt.Errorf("%s needs a machine", region))
		return
	}
	place := [2]string{machine, region}
	if l.sites[place] == nil && !l.failed {
		site, field, err := l.site(machine, region)
		if err != nil {
			l.blame(encode, field, err)
			return
		}
		l.sites[place] = site
	}
	encode.Site = l.sites[place]
}

// site makes a site; an error comes with the field that is to blame.
func (l *locator) site(machine, region string) (*encast.Site, string, error) {
	if l.profiles == nil {
		profiles, err := encast.LoadProfiles(l.place.Profiles)
		if err != nil {
			l.failed = true
			return nil, "profiles", err
		}
		l.profiles = profiles
	}
	site, err := l.profiles.Site(machine, region)
	field := "machine"
	if failure := (*encast.Error)(nil); errors.As(err, &failure) && failure.Field != "" {
		field = failure.Field
	}
	return site, field, err
}
