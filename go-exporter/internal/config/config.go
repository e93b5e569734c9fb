// Package config reads what the exporter is told: its flags and environment, and the YAML file of encodes to expose.
package config

import (
	"fmt"
	"io"
	"os"

	"github.com/encast/encast/go-exporter/encast"
)

// maxFileSize bounds what is read: ten thousand encodes fit.
const maxFileSize = 4 << 20

// Config is what a configuration file says.
type Config struct {
	// Encodes are exposed as metrics, in this order.
	Encodes []Encode
	// Options of every forecast, but for the encode's own site: see OptionsOf.
	Options encast.PredictOptions

	place Place // where encodes run that say nothing else
	sites *Sites
	file  string            // empty for the built-in configuration
	lines map[string]int    // line of each option
	flags map[string]string // flag of each option that one says
}

// BuiltIn returns the configuration that holds without a file.
func BuiltIn() *Config { return &Config{Encodes: builtIn(), sites: NewSites("")} }

// Load reads a configuration file, or takes the built-in configuration when the path is empty, and puts its encodes
// where file and flags say that they run. The error names every mistake with file, line and field.
func Load(path string, flags Place) (*Config, error) {
	config, err := read(path)
	if err != nil {
		return nil, err
	}
	if err := config.locate(flags); err != nil {
		return nil, err
	}
	return config, nil
}

func read(path string) (*Config, error) {
	if path == "" {
		return BuiltIn(), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	if len(data) > maxFileSize {
		return nil, &Error{File: path, Reason: fmt.Sprintf("larger than %d bytes", maxFileSize)}
	}
	return Parse(path, data)
}

// Blame turns an error of the model about an encode into one that names file, line and field, or the flag. An option's error is the same one
// for all encodes.
func (c *Config) Blame(encode *Encode, err error, field string) error {
	blamed := &Error{File: c.file, Line: encode.line, Encode: encode.Name, Field: field, Reason: err.Error(), Err: err}
	if line, known := encode.lines[field]; known {
		blamed.Line = line
	} else if line, known := c.lines[field]; known {
		blamed.Line, blamed.Encode = line, ""
	} else if flag, known := c.flags[field]; known {
		*blamed = Error{Field: "--" + flag, Reason: err.Error(), Err: err}
	}
	return blamed
}
