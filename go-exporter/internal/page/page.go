// Package page is the exporter's what-if page: what an encode is forecast to be, over the bitrate, in a browser.
//
// The page is plain HTML, CSS and JavaScript within the program. It loads nothing from elsewhere and asks the endpoints
// that everybody asks: POST /predict, POST /ladder and GET /model.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var assets embed.FS

// security lets the page run its own files and talk to its own exporter, and nothing else; no other site may frame it.
const security = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// types are the content types of the files: those that the system tells may differ from machine to machine.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
}

// file is one file as it is served.
type file struct {
	body        []byte
	contentType string
	tag         string // for If-None-Match
}

// Page is the page at / and its files below /page/.
type Page struct {
	files map[string]file // by path
}

// New returns the page of an exporter of a version.
func New(version string) (*Page, error) {
	files := map[string]file{}
	entries, err := fs.ReadDir(assets, "assets")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		body, err := assets.ReadFile("assets/" + entry.Name())
		if err != nil {
			return nil, err
		}
		at := "/page/" + entry.Name()
		if entry.Name() == "index.html" {
			at = "/"
			if body, err = index(body, version); err != nil {
				return nil, fmt.Errorf("page: %w", err)
			}
		}
		sum := sha256.Sum256(body)
		files[at] = file{body, types[path.Ext(entry.Name())], `"` + hex.EncodeToString(sum[:16]) + `"`}
	}
	return &Page{files}, nil
}

// Register adds each file to a mux by a pattern of its own: what else is asked for below /page/ gets the mux's answer for
// what is nowhere.
func (p *Page) Register(mux *http.ServeMux) {
	for at, file := range p.files {
		if at == "/" {
			at = "/{$}"
		}
		mux.Handle("GET "+at, file)
	}
}

func (f file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Security-Policy", security)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	// Asked anew each time, answered by 304: an exporter that was replaced shows its own page at once.
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", f.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

// index writes the version into the page.
func index(text []byte, version string) ([]byte, error) {
	parsed, err := template.New("index.html").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, struct{ Version string }{version})
	return out.Bytes(), err
}
