package config

import (
	"errors"
	"sync"

	"github.com/encast/encast/go-exporter/encast"
)

// Sites makes machines in regions, each once. Any number of goroutines may use it. There are no more of them than the
// profiles have machines and regions: names that are not known make none.
type Sites struct {
	load func() (*encast.Profiles, error)

	mu   sync.RWMutex
	made map[[2]string]*encast.Site
}

// NewSites returns the sites of a TOML file of profiles, laid over the built-in ones; empty means these alone. It is read
// when the first site is asked for.
func NewSites(path string) *Sites {
	return &Sites{
		load: sync.OnceValues(func() (*encast.Profiles, error) { return encast.LoadProfiles(path) }),
		made: map[[2]string]*encast.Site{},
	}
}

// Load reads the profiles, if they are not read yet.
func (s *Sites) Load() error {
	_, err := s.load()
	return err
}

// Of returns a site; an error comes with the field that is to blame.
func (s *Sites) Of(machine, region string) (*encast.Site, string, error) {
	place := [2]string{machine, region}
	s.mu.RLock()
	site := s.made[place]
	s.mu.RUnlock()
	if site != nil {
		return site, "", nil
	}
	profiles, err := s.load()
	if err != nil {
		return nil, "profiles", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if site = s.made[place]; site != nil {
		return site, "", nil
	}
	site, err = profiles.Site(machine, region)
	if err == nil {
		s.made[place] = site
		return site, "", nil
	}
	field := "machine"
	if failure := (*encast.Error)(nil); errors.As(err, &failure) && failure.Field != "" {
		field = failure.Field
	}
	return nil, field, err
}
