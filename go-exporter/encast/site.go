package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"
)

// Profiles are machines, regions, prices and how encoders scale. They never change; any number of goroutines may use
// them at the same time.
type Profiles struct {
	handle  *C.EncastProfiles // a number, not an address: the library tells when it was freed
	closed  atomic.Bool
	cleanup runtime.Cleanup
}

// LoadProfiles reads machines, regions and prices from a TOML file and lays them over those that are part of the
// library: an entry of the same name is replaced as a whole, all others stay. An empty path is what is part of the
// library alone.
func LoadProfiles(path string) (*Profiles, error) {
	var cPath *C.char
	if path != "" {
		var err error
		if cPath, err = pathToC(path); err != nil {
			return nil, err
		}
		defer C.free(unsafe.Pointer(cPath))
	}
	return openProfiles(func(handle **C.EncastProfiles, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_load_profiles(cPath, handle, failure)
	})
}

// ParseProfiles reads machines, regions and prices from a TOML text, as [LoadProfiles] does from a file.
func ParseProfiles(text string) (*Profiles, error) {
	return openProfiles(func(handle **C.EncastProfiles, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_parse_profiles(unsafe.Pointer(unsafe.StringData(text)), C.size_t(len(text)), handle, failure)
	})
}

func openProfiles(open func(**C.EncastProfiles, *C.encast_go_failure) C.int32_t) (*Profiles, error) {
	var handle *C.EncastProfiles
	failure := C.encast_go_failure{row: -1}
	if err := failed(open(&handle, &failure), &failure); err != nil {
		return nil, err
	}
	profiles := &Profiles{handle: handle}
	profiles.cleanup = runtime.AddCleanup(profiles, func(handle *C.EncastProfiles) { C.encast_free_profiles(handle) }, handle)
	return profiles, nil
}

// Site returns a machine in a region with its prices. A price that is not known there is no error: costs that need it
// are NaN. The error for a name that is not known lists those that are.
func (p *Profiles) Site(machine, region string) (*Site, error) {
	for field, name := range map[string]string{"machine": machine, "region": region} {
		if strings.IndexByte(name, 0) >= 0 {
			return nil, &Error{Status: ErrBadText, Text: field + ": holds a NUL", Field: field, Row: -1}
		}
	}
	cMachine, cRegion := C.CString(machine), C.CString(region)
	defer C.free(unsafe.Pointer(cMachine))
	defer C.free(unsafe.Pointer(cRegion))
	if p.handle == nil || p.closed.Load() {
		return nil, ErrClosed
	}
	defer runtime.KeepAlive(p)
	var handle *C.EncastSite
	failure := C.encast_go_failure{row: -1}
	if err := failed(C.encast_go_new_site(p.handle, cMachine, cRegion, &handle, &failure), &failure); err != nil {
		return nil, err
	}
	site := &Site{handle: handle}
	site.cleanup = runtime.AddCleanup(site, func(handle *C.EncastSite) { C.encast_free_site(handle) }, handle)
	return site, nil
}

// Close frees the profiles, once the calls that use them are done; sites that were made of them stay. More than one
// call does no harm. The error is always nil; it is there for io.Closer.
func (p *Profiles) Close() error {
	if p.handle != nil && p.closed.CompareAndSwap(false, true) {
		p.cleanup.Stop()
		C.encast_free_profiles(p.handle)
	}
	return nil
}

// Site is a machine in a region with its prices: what [PredictOptions] takes. It never changes; any number of
// goroutines may use it at the same time.
type Site struct {
	handle  *C.EncastSite // a number, not an address: the library tells when it was freed
	closed  atomic.Bool
	cleanup runtime.Cleanup
}

// hold returns the handle, to be released after the call. No site has no handle.
func (s *Site) hold() (*C.EncastSite, error) {
	if s == nil {
		return nil, nil
	}
	if s.handle == nil || s.closed.Load() {
		return nil, ErrClosed
	}
	return s.handle, nil
}

// release ends a hold: until then the garbage collector does not free the site.
func (s *Site) release() { runtime.KeepAlive(s) }

// Close frees the site, once the calls that use it are done. More than one call does no harm. The error is always nil;
// it is there for io.Closer.
func (s *Site) Close() error {
	if s.handle != nil && s.closed.CompareAndSwap(false, true) {
		s.cleanup.Stop()
		C.encast_free_site(s.handle)
	}
	return nil
}
