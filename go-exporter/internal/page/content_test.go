package page_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strconv"
	"testing"
)

var update = flag.Bool("update", false, "write the table of contents anew")

// contentPath is the table of contents that the page offers, made of the project's own measurements.
const contentPath = "assets/content.json"

// offered are titles of the table, from what moves least to what moves most, all of 480 lines or more. The labels tell what
// the clips show.
var offered = []struct{ title, label string }{
	{"rtmp_60", "test picture, nearly still"},
	{"mcpm_demo", "hands, small on a still screen"},
	{"vide_ocean", "breaking wave, slow"},
	{"rr_koolshooters", "face, close"},
	{"bbb_480p", "animation, landscape"},
	{"sam2_juggle", "man with a ball on a meadow"},
	{"neves_pano", "fisheye panorama of a hall"},
	{"vda_tokyo", "street at night, bright signs"},
	{"vace_test", "boxing match"},
	{"monst_lady", "people in a café, moving camera"},
}

// content is one entry of the page's table.
type content struct {
	Title  string            `json:"title"`
	Label  string            `json:"label"`
	Values map[string]string `json:"values"`
}

// measuredContents reads the entries from the measured table: the numbers that describe what is shown, as they stand there.
func measuredContents(t *testing.T) []content {
	t.Helper()
	file, err := os.Open("../../../data/measured.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := csv.NewReader(file)
	header, err := rows.Read()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	found := map[string]map[string]string{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		title := row[column["title"]]
		if found[title] != nil {
			continue // a title's source is the same in each of its rows
		}
		// Not the source's size: who asks has a source of their own that looks like this one.
		values := map[string]string{}
		for _, name := range []string{
			"motion_intensity", "si_mean", "si_std", "ti_mean", "ti_std", "spatial_energy", "temporal_energy", "luminance",
			"static_share",
		} {
			number, err := strconv.ParseFloat(row[column[name]], 64)
			if err != nil {
				t.Fatalf("%s of %s: %s", name, title, err)
			}
			values[name] = strconv.FormatFloat(number, 'g', -1, 64)
		}
		found[title] = values
	}
	var contents []content
	for _, one := range offered {
		values := found[one.title]
		if values == nil {
			t.Fatalf("data/measured.csv has no title %s", one.title)
		}
		contents = append(contents, content{one.title, one.label, values})
	}
	return contents
}

func TestContentsAreThoseOfTheMeasuredTable(t *testing.T) {
	var now bytes.Buffer
	encoder := json.NewEncoder(&now)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(measuredContents(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(contentPath, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(contentPath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(there, now.Bytes()) {
		t.Errorf("%s is not what data/measured.csv tells; go test ./internal/page -update writes it anew", contentPath)
	}
}
