package request

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/encast/encast/go-exporter/encast"
)

// Table is many requests by columns.
type Table struct {
	// Same holds what is the same in all rows, with options, machine and region.
	Same Request
	// Score is what the library is asked, but for Same. It has one row when every value stands for all rows.
	Score encast.ScoreRequest

	given bool // columns
}

// targets reads the list of what is to be forecast.
func (r *Reader) targets(t *Table) error {
	return r.Array("targets", func(row int) error {
		name, _, err := r.Text("targets")
		if err != nil {
			return err
		}
		target, known := targets[name]
		if !known {
			return Mistake("targets", "%q is none: known are %s", shown(name), strings.Join(targetNames(), ", "))
		}
		for _, other := range t.Score.Targets {
			if other == target {
				return Mistake("targets", "%s stands there twice", name)
			}
		}
		t.Score.Targets = append(t.Score.Targets, target)
		return nil
	})
}

var targets = func() map[string]encast.Target {
	byName := map[string]encast.Target{}
	for _, target := range encast.AllTargets() {
		byName[target.String()] = target
	}
	return byName
}()

func targetNames() []string {
	var names []string
	for _, target := range encast.AllTargets() {
		names = append(names, target.String())
	}
	return names
}

// columns reads the object of columns: of each a value for all rows, or an array of one a row.
func (r *Reader) columns(t *Table, most int) error {
	t.given, t.Same = true, New()
	return Within(r.Object("", func(name []byte) error {
		k, err := t.Same.lookUp(name)
		switch {
		case err != nil:
			return err
		case k.kind != numeric && k.set == nil || labels[k.name] != nil:
			return Mistake(k.name, "can't be a column: give it beside columns")
		case r.next() != '[':
			return r.keyed(&t.Same, k)
		case k.kind == numeric:
			return r.numberColumn(t, k, most)
		}
		field, known := encast.ParseField(k.name)
		if !known {
			return Mistake(k.name, "must be a single text, for all rows")
		}
		return r.nameColumn(t, k, field, most)
	}), "columns")
}

// length makes sure that all columns are of one length.
func (t *Table) length(name string, rows int) error {
	switch {
	case rows == 0:
		return Mistake(name, "has no rows")
	case t.Score.Rows != 0 && t.Score.Rows != rows:
		return Mistake(name, "has %d rows, the columns before it have %d", rows, t.Score.Rows)
	}
	t.Score.Rows = rows
	return nil
}

// numberColumn reads an array of numbers. Its syntax is checked in one go; what is left are numbers and null.
func (r *Reader) numberColumn(t *Table, k *key, most int) error {
	array, err := r.value()
	if err != nil {
		return err
	}
	rest := bytes.TrimSpace(array[1 : len(array)-1])
	values := make([]float64, 0, min(most, 1+bytes.Count(rest, []byte{','})))
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, ',')
		element := rest
		if end >= 0 {
			element, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		element = bytes.TrimSpace(element)
		row := len(values)
		if row == most {
			return tooMany("rows", most)
		}
		switch first := element[0]; {
		case first == '-' || first >= '0' && first <= '9':
			value, err := strconv.ParseFloat(string(element), 64)
			if err != nil {
				return InRow(Mistake(k.name, "%s is beyond what a number holds", shown(element)), row)
			}
			values = append(values, value)
		case first == 'n':
			values = append(values, math.NaN())
		default:
			return InRow(Mistake(k.name, "%s is not a number", shown(element)), row)
		}
	}
	t.Score.Columns = append(t.Score.Columns, encast.Column{Field: k.field, Values: values})
	return t.length(k.name, len(values))
}

// nameColumn reads an array of names, each checked once.
func (r *Reader) nameColumn(t *Table, k *key, field encast.Field, most int) error {
	column := encast.Column{Field: field}
	codes := map[string]uint32{}
	err := r.Array(k.name, func(row int) error {
		if row == most {
			return tooMany("rows", most)
		}
		name, given, err := r.Text(k.name)
		if err != nil {
			return InRow(err, row)
		}
		code, seen := encast.UnknownName, false
		if given {
			if code, seen = codes[name]; !seen {
				var one Request
				if err := k.set(&one, name); err != nil {
					return InRow(blame(err, k.name), row)
				}
				code = uint32(len(column.Names))
				codes[name] = code
				column.Names = append(column.Names, name)
			}
		}
		column.Codes = append(column.Codes, code)
		return nil
	})
	if err != nil {
		return err
	}
	t.Score.Columns = append(t.Score.Columns, column)
	return t.length(k.name, len(column.Codes))
}

// complete puts what stands beside the columns to them, and reports what is missing.
func (t *Table) complete(beside *Request) error {
	if !t.given {
		return Mistake("columns", "missing: targets and intervals are of a table")
	}
	for name, k := range keys {
		if beside.seen&k.bits == 0 || k.kind == option || k.kind == truth {
			continue
		}
		if k.kind == anchors || labels[k.name] != nil {
			return Mistake(name, "a table has none: give an array of requests")
		}
		return Mistake(k.name, "must be one of the columns")
	}
	t.Same.Options = beside.Options
	if len(t.Score.Targets) == 0 {
		return Mistake("targets", "missing: known are %s", strings.Join(targetNames(), ", "))
	}
	if t.Score.Rows == 0 {
		t.Score.Rows = 1
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if t.Same.seen&keys[name].bits == keys[name].bits {
				return true
			}
		}
		return false
	}
	if !has("resolution") && !(has("resolution_width") && has("resolution_height")) {
		return Within(noSize(), "columns")
	}
	if !has("bitrate_kbps", "crf") {
		return Within(noRate(), "columns")
	}
	return nil
}
