package observations

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

func TestLocked(t *testing.T) {
	path := newPath(t)
	s := open(t, path, Options{})
	if _, err := Open(path, Options{lockTime: 100 * time.Millisecond}); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"record":  func() error { return s.Record([]Forecast{forecastOf("1")}) },
		"observe": func() error { _, err := s.Observe([]Report{{ID: "1", Measured: vmaf(1)}}); return err },
	} {
		if err := do(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	open(t, path, Options{})
}

// TestOtherFiles: a file of something else is refused, and stays as it is.
func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	database := func(name, bucket, schema string) string {
		path := filepath.Join(dir, name)
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket([]byte(bucket))
			if err != nil {
				return err
			}
			return b.Put(schemaKey, []byte(schema))
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, test := range map[string]struct {
		want error
		text string
	}{
		write("text", bytes.Repeat([]byte("timestamp,vmaf\n"), 5000)): {ErrForeign, ""},
		write("short", []byte("x")):                                   {ErrForeign, ""},
		database("other", "members", "1"):                             {ErrForeign, "something else"},
		database("newer", "encast-observations", "2"):                 {ErrForeign, `schema "2"`},
		dir:                             {ErrForeign, "regular"},
		filepath.Join(dir, "none", "x"): {os.ErrNotExist, "none"},
	} {
		before, _ := os.ReadFile(path)
		_, err := Open(path, Options{})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
	}
	open(t, write("empty", nil), Options{})
}

// TestDamage: with any byte of the file changed, or its end cut off, it is refused, or what is read is what was written.
func TestDamage(t *testing.T) {
	path := newPath(t)
	s := open(t, path, Options{})
	for i := range 30 {
		f := forecastOf(fmt.Sprint(i))
		if err := s.Record([]Forecast{f}); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if _, err := s.Observe([]Report{{ID: f.ID, Measured: vmaf(float64(i)), ObservedAt: start}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// With one of its two heads damaged, the file goes on from the other, as after a power cut: there the last change is missing.
	want := map[string]string{}
	s = open(t, path, Options{})
	for _, o := range all(t, s) {
		want[o.ID] = text(o)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	refused, rounds := 0, 150
	for round := range rounds {
		damaged := bytes.Clone(content)
		if round%10 == 0 {
			damaged = damaged[:random.IntN(len(content))]
		} else {
			damaged[random.IntN(len(content))] ^= byte(1 + random.IntN(255))
		}
		at := filepath.Join(t.TempDir(), "damaged")
		if err := os.WriteFile(at, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(at, Options{lockTime: 50 * time.Millisecond})
		if err != nil {
			refused++
			if after, _ := os.ReadFile(at); len(damaged) > 0 && !bytes.Equal(after, damaged) {
				t.Errorf("round %d: refused (%v), but changed", round, err)
			}
			continue
		}
		for _, o := range all(t, s) {
			if got := text(o); got != want[o.ID] {
				t.Errorf("round %d: %s is read as\n%s\nwas\n%s", round, o.ID, got, want[o.ID])
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d of %d damaged files of %d bytes were refused", refused, rounds, len(content))
	// Most of the file is pages that are free, and which ones differs from run to run: damage there harms nothing.
	if refused < rounds/6 {
		t.Errorf("only %d of %d damaged files were refused", refused, rounds)
	}
}

// TestLaterFields: what a later version adds to a record is passed over.
func TestLaterFields(t *testing.T) {
	f := forecastOf("1")
	framed, err := f.encode()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(framed[headerSize:], &fields); err != nil {
		t.Fatal(err)
	}
	t.Logf("a forecast with every field takes %d bytes", len(framed))
	fields["later"] = []int{1}
	request := fields["request"].(map[string]any)
	request["numbers"].(map[string]any)["later_input"] = 1
	request["codec"] = "later"
	fields["forecast"].(map[string]any)["later_target"] = []int{1}
	later, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	o, err := decode([]byte("1"), seal([]byte("1"), later))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(estimatesOf(&o.Told), estimatesOf(&f.Told)) || o.Features.Codec != 0 {
		t.Errorf("%+v", o)
	}
	if _, err := decode([]byte("2"), framed); !errors.Is(err, ErrDamaged) {
		t.Errorf("a record under another's key: %v", err)
	}
	framed[0]++
	if _, err := decode([]byte("1"), framed); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "version 2") {
		t.Error(err)
	}
}
