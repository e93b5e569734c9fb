package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/label"
	"github.com/encast/encast/go-exporter/internal/request"
)

// Parse reads a configuration from YAML; file names it in errors.
func Parse(file string, data []byte) (*Config, error) {
	p := parser{file: file}
	config := p.document(data)
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return config, nil
}

// parser walks the YAML nodes itself, because only nodes know their lines. It goes on after a mistake, so that one
// run shows them all.
type parser struct {
	file string
	errs []error
}

func (p *parser) fail(line int, encode, field, format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	p.errs = append(p.errs, &Error{File: p.file, Line: line, Encode: encode, Field: field, Reason: reason})
}

func (p *parser) document(data []byte) *Config {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		p.fail(0, "", "encodes", "missing: the file is empty")
		return nil
	case err != nil:
		line, reason := yamlErrorLine(err)
		p.fail(line, "", "", "%s", reason)
		return nil
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		p.fail(0, "", "", "more than one YAML document")
		return nil
	}
	config := &Config{file: p.file, lines: map[string]int{}, sites: NewSites("")}
	options := map[string]*float64{
		"target_vmaf":      &config.Options.TargetVMAF,
		"min_bitrate_kbps": &config.Options.MinBitrateKbps,
		"max_bitrate_kbps": &config.Options.MaxBitrateKbps,
	}
	place := &config.place
	root := document.Content[0]
	given := false
	for key, value := range p.pairs(root, "", "a mapping with the key encodes") {
		option, isOption := options[key.Value]
		ofPlace := placeFieldOf(key.Value)
		config.lines[key.Value] = value.Line
		switch {
		case key.Value == "encodes":
			given = true
			config.Encodes = p.encodes(value)
		case ofPlace != nil:
			if err := ofPlace.read(value, place); err != nil {
				p.fail(value.Line, "", key.Value, "%s", err)
			}
		case !isOption:
			p.fail(key.Line, "", key.Value, "unknown key: known are %s", strings.Join(knownKeys(options), ", "))
		default:
			number, err := numberOf(value)
			if err == nil && number <= 0 {
				err = fmt.Errorf("%s is not above 0", value.Value)
			}
			if err != nil {
				p.fail(value.Line, "", key.Value, "%s", err)
			}
			*option = number
		}
	}
	if !given && root.Kind == yaml.MappingNode {
		p.fail(root.Line, "", "encodes", "missing")
	}
	return config
}

// knownKeys are those of a file with these options, sorted.
func knownKeys(options map[string]*float64) []string {
	known := append(slices.Collect(maps.Keys(options)), "encodes")
	for i := range placeFields {
		known = append(known, placeFields[i].key)
	}
	slices.Sort(known)
	return known
}

// read takes the value of a key of the file.
func (f *placeField) read(value *yaml.Node, place *Place) error {
	switch {
	case f.text != nil:
		if value.Kind != yaml.ScalarNode || value.Tag == "!!null" || value.Value == "" {
			return errors.New("has no value: leave the key out when there is none")
		}
		*f.text(place) = value.Value
	case f.amount != nil:
		number, err := numberOf(value)
		if err != nil {
			return err
		}
		*f.amount(place) = &number
	default:
		if value.Tag != "!!bool" || value.Decode(f.truth(place)) != nil {
			return fmt.Errorf("%q is neither true nor false", value.Value)
		}
	}
	return nil
}

// yamlErrorLine takes the line out of the text of a syntax error ("yaml: line 3: …"), which has no other place for it.
// The library counts lines from 0 where its parser complains, and from 1 where its scanner does.
func yamlErrorLine(err error) (int, string) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	rest, found := strings.CutPrefix(text, "line ")
	number, reason, _ := strings.Cut(rest, ": ")
	line, err := strconv.Atoi(number)
	if !found || err != nil {
		return 0, text
	}
	for _, what := range []string{"'-' indicator", "',' or", "key", "node content", "<document start>"} {
		if strings.HasPrefix(reason, "did not find expected "+what) {
			line++
		}
	}
	return line, reason
}

// pairs yields the keys and values of a mapping, and reports keys that stand there twice.
func (p *parser) pairs(node *yaml.Node, encode, what string) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		if node.Kind != yaml.MappingNode {
			p.fail(node.Line, encode, "", "must be %s", what)
			return
		}
		first := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if key.Kind != yaml.ScalarNode {
				p.fail(key.Line, encode, "", "a key must be a name")
				continue
			}
			if line, twice := first[key.Value]; twice {
				p.fail(key.Line, encode, key.Value, "given twice, first on line %d", line)
				continue
			}
			first[key.Value] = key.Line
			if value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			if !yield(key, value) {
				return
			}
		}
	}
}

func (p *parser) encodes(list *yaml.Node) []Encode {
	if list.Kind != yaml.SequenceNode || len(list.Content) == 0 {
		p.fail(list.Line, "", "encodes", "must be a list of at least one encode")
		return nil
	}
	var encodes []Encode
	first := map[string]int{}
	for _, node := range list.Content {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		encode := p.encode(node)
		switch line, twice := first[encode.Name]; {
		case encode.Name == "":
		case twice:
			p.fail(encode.lines["name"], "", "name", "%q is the name of the encode on line %d as well", encode.Name, line)
		default:
			first[encode.Name] = node.Line
		}
		encodes = append(encodes, encode)
	}
	return encodes
}

// KnownFields returns the keys that an encode may have, sorted.
func KnownFields() []string {
	known := append(request.EncodeFields(), "name")
	slices.Sort(known)
	return known
}

func (p *parser) encode(node *yaml.Node) Encode {
	encode := Encode{Features: encast.NewFeatures(), line: node.Line, lines: map[string]int{}}
	before := len(p.errs)
	encode.Name = nameOf(node)
	for key, value := range p.pairs(node, encode.Name, "a mapping of fields") {
		p.field(&encode, key, value)
	}
	if node.Kind == yaml.MappingNode && len(p.errs) == before {
		p.complete(&encode)
	}
	return encode
}

// nameOf looks the name up before the fields are read, so that mistakes in fields above it can name the encode.
func nameOf(node *yaml.Node) string {
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if value := node.Content[i+1]; node.Content[i].Value == "name" && value.Kind == yaml.ScalarNode {
				return value.Value
			}
		}
	}
	return ""
}

func (p *parser) field(encode *Encode, key, value *yaml.Node) {
	given := key.Value
	name := request.LongName(given)
	fail := func(format string, args ...any) { p.fail(value.Line, encode.Name, given, format, args...) }
	setText, isText := request.TextField(name)
	if name == "name" {
		isText, setText = true, func(_ *request.Request, text string) error { return setName(encode, text) }
	}
	field, known := encast.ParseField(name)
	switch {
	case !isText && !known:
		p.fail(key.Line, encode.Name, given, "unknown field: known are %s", strings.Join(KnownFields(), ", "))
		return
	case value.Kind != yaml.ScalarNode:
		fail("must be a single value")
		return
	case value.Tag == "!!null":
		fail("has no value: leave the field out when it is unknown")
		return
	}
	if line, twice := encode.lines[name]; twice {
		fail("given twice, first on line %d under another spelling", line)
		return
	}
	encode.lines[name] = value.Line
	if isText {
		asked := request.Request{Features: encode.Features, Machine: encode.machine, Region: encode.region}
		if err := setText(&asked, value.Value); err != nil {
			fail("%s", err)
		}
		encode.Features, encode.machine, encode.region = asked.Features, asked.Machine, asked.Region
		if name == "resolution" {
			for _, part := range []string{"resolution_width", "resolution_height"} {
				if line, twice := encode.lines[part]; twice {
					fail("given twice, first on line %d as %s", line, part)
				}
				encode.lines[part] = value.Line
			}
		}
		return
	}
	number, err := numberOf(value)
	if err != nil {
		fail("%s", err)
		return
	}
	encode.Features.Set(field, number)
}

// numberOf reads a finite number.
func numberOf(node *yaml.Node) (float64, error) {
	var number float64
	if node.Kind != yaml.ScalarNode || node.Tag != "!!int" && node.Tag != "!!float" || node.Decode(&number) != nil {
		return 0, fmt.Errorf("%q is not a number", node.Value)
	}
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0, fmt.Errorf("%s is not a finite number", node.Value)
	}
	return number, nil
}

// complete reports what has to be there and is not; the bounds of the values are the model's to know.
func (p *parser) complete(encode *Encode) {
	missing := func(field, format string, args ...any) {
		p.fail(encode.line, encode.Name, field, format, args...)
	}
	if encode.Name == "" {
		missing("name", "missing")
	}
	for _, mistake := range request.Missing(&encode.Features) {
		missing(mistake.Field, "%s", mistake.Reason)
	}
}

func setName(encode *Encode, name string) error {
	err := label.Check(name, label.MaxConfig)
	if err == nil {
		encode.Name = name
	}
	return err
}
