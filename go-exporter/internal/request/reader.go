package request

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Reader reads a JSON text strictly: what is not UTF-8, names that stand twice and text behind the end are mistakes, and
// so are numbers written as texts. Nothing of unknown depth is ever descended into.
type Reader struct {
	tokens jsontext.Decoder
	source bytes.Buffer
}

var readers = sync.Pool{New: func() any { return new(Reader) }}

// NewReader returns a reader of a text, which belongs to it from now on: it is overwritten as it is read.
func NewReader(body []byte) *Reader {
	r := readers.Get().(*Reader)
	r.source = *bytes.NewBuffer(body)
	r.tokens.Reset(&r.source)
	return r
}

// Close gives the reader back; it must not be used any more.
func (r *Reader) Close() {
	r.source = bytes.Buffer{}
	r.tokens.Reset(&r.source)
	readers.Put(r)
}

// wrong turns an error of the syntax into one that tells where.
func wrong(err error) error {
	if err == nil {
		return nil
	}
	return told(err)
}

// told is apart from wrong, which costs nothing where nothing is wrong.
func told(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF):
		return Mistake("", "not JSON: the body is empty")
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return Mistake(shown(syntax.JSONPointer.LastToken()), "given twice")
	case errors.As(err, &syntax):
		reason := strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
		return Mistake(fieldOf(syntax.JSONPointer), "not JSON: %s at byte %d", reason, syntax.ByteOffset)
	}
	return err
}

// fieldOf returns the innermost name of a place; empty when there is none.
func fieldOf(place jsontext.Pointer) string {
	for place != "" {
		last := place.LastToken()
		if _, err := strconv.Atoi(last); err != nil {
			return shown(last)
		}
		place = place.Parent()
	}
	return ""
}

// next returns the kind of what comes next: one of n f t " 0 { } [ ], or 0 where no JSON comes.
func (r *Reader) next() jsontext.Kind { return r.tokens.PeekKind() }

// value returns the bytes of the next value, valid until the next call.
func (r *Reader) value() (jsontext.Value, error) {
	value, err := r.tokens.ReadValue()
	return value, wrong(err)
}

// Object calls a function for each name of the object that comes next; the function reads the value. What is the name
// of the object in errors.
func (r *Reader) Object(what string, field func(name []byte) error) error {
	if r.next() != '{' {
		return r.not(what, "an object")
	}
	if _, err := r.tokens.ReadToken(); err != nil {
		return wrong(err)
	}
	for r.next() != '}' {
		quoted, err := r.value()
		if err != nil {
			return err
		}
		name := []byte(quoted[1 : len(quoted)-1])
		if bytes.IndexByte(name, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote(nil, quoted); err != nil {
				return wrong(err)
			}
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := r.tokens.ReadToken()
	return wrong(err)
}

// Array calls a function for each element of the array that comes next; the function reads the element.
func (r *Reader) Array(what string, element func(row int) error) error {
	if r.next() != '[' {
		return r.not(what, "an array")
	}
	if _, err := r.tokens.ReadToken(); err != nil {
		return wrong(err)
	}
	for row := 0; r.next() != ']'; row++ {
		if err := element(row); err != nil {
			return err
		}
	}
	_, err := r.tokens.ReadToken()
	return wrong(err)
}

// End makes sure that nothing comes any more.
func (r *Reader) End() error {
	if _, err := r.tokens.ReadToken(); err == nil {
		return Mistake("", "not JSON: something follows the end of the first value, at byte %d", r.tokens.InputOffset())
	} else if !errors.Is(err, io.EOF) {
		return wrong(err)
	}
	return nil
}

// not says that what comes next is not what is due.
func (r *Reader) not(field, due string) error {
	switch r.next() {
	case '{':
		return Mistake(field, "must be %s, not an object", due)
	case '[':
		return Mistake(field, "must be %s, not an array", due)
	}
	value, err := r.value()
	if err != nil {
		return err
	}
	return Mistake(field, "%s is not %s", shown(value), due)
}

// Number reads a finite number; null is NaN, which stands for unknown.
func (r *Reader) Number(field string) (float64, error) {
	switch r.next() {
	case '0':
		value, err := r.value()
		if err != nil {
			return 0, err
		}
		number, err := strconv.ParseFloat(string(value), 64)
		if err != nil {
			return 0, Mistake(field, "%s is beyond what a number holds", shown(value))
		}
		return number, nil
	case 'n':
		_, err := r.value()
		return math.NaN(), err
	}
	return 0, r.not(field, "a number")
}

// Text reads a text; null is none, and so false.
func (r *Reader) Text(field string) (string, bool, error) {
	switch r.next() {
	case '"':
		token, err := r.tokens.ReadToken()
		if err != nil {
			return "", false, wrong(err)
		}
		return token.String(), true, nil
	case 'n':
		_, err := r.value()
		return "", false, err
	}
	return "", false, r.not(field, "a text")
}

// Truth reads true or false.
func (r *Reader) Truth(field string) (bool, error) {
	switch kind := r.next(); kind {
	case 't', 'f':
		_, err := r.value()
		return kind == 't', err
	}
	return false, r.not(field, "true or false")
}

// blame gives an error the field that it is about, unless it names one.
func blame(err error, field string) error {
	if err == nil {
		return nil
	}
	var mistake *Error
	if errors.As(err, &mistake) {
		return err
	}
	return &Error{Field: field, Row: -1, Reason: err.Error(), Err: err}
}

// InRow gives an error the row that it is about, unless it names one.
func InRow(err error, row int) error {
	var mistake *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mistake):
		if mistake.Row < 0 {
			mistake.Row = row
		}
		return mistake
	}
	return &Error{Row: row, Reason: err.Error(), Err: err}
}

// Within puts the name of what holds a field before the field: anchors[1].vmaf.
func Within(err error, format string, args ...any) error {
	var mistake *Error
	if errors.As(err, &mistake) {
		mistake.Field = strings.TrimSuffix(fmt.Sprintf(format, args...)+"."+mistake.Field, ".")
	}
	return err
}
