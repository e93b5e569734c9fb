package server

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
)

// shared answers GET requests that come while another one is being answered with one answer for all of them, which is begun
// when that one ends: never with one that began before they came. So many scrapers cost as much as few, and however
// many there are, one page is made at a time for each form that clients ask for.
type shared struct {
	next http.Handler

	mu      sync.Mutex
	running map[form]*page
	waiting map[form]*page // begin when those that are running end
	size    int            // of the last page: the next has room for it from the start
}

// form is what the headers of a request choose.
type form struct{ accept, encoding string }

// longestForm bounds the forms that are kept; other requests are answered one by one.
const longestForm = 1 << 10

// page is an answer that any number of requests wait for.
type page struct {
	done   chan struct{}
	header http.Header
	status int
	body   bytes.Buffer
}

func newShared(next http.Handler) *shared {
	return &shared{next: next, running: map[form]*page{}, waiting: map[form]*page{}}
}

func newPage() *page {
	return &page{done: make(chan struct{}), header: http.Header{}, status: http.StatusOK}
}

// ServeHTTP implements [http.Handler].
func (s *shared) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := form{r.Header.Get("Accept"), r.Header.Get("Accept-Encoding")}
	if r.Method != http.MethodGet || len(asked.accept)+len(asked.encoding) > longestForm || r.URL.RawQuery != "" {
		s.next.ServeHTTP(w, r)
		return
	}
	s.mu.Lock()
	wanted := s.waiting[asked]
	switch {
	case s.running[asked] == nil:
		wanted = newPage()
		s.running[asked] = wanted
		s.mu.Unlock()
		s.run(asked, wanted, r)
	case wanted == nil:
		wanted = newPage()
		s.waiting[asked] = wanted
		s.mu.Unlock()
		<-wanted.done
	default:
		s.mu.Unlock()
		<-wanted.done
	}
	header := w.Header()
	for name, values := range wanted.header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(wanted.body.Len()))
	w.WriteHeader(wanted.status)
	// An error here is a client that went away.
	_, _ = w.Write(wanted.body.Bytes())
}

// run makes a page, and then the one that others wait for.
func (s *shared) run(asked form, wanted *page, r *http.Request) {
	defer func() {
		s.mu.Lock()
		s.size = wanted.body.Len() + wanted.body.Len()/8
		following := s.waiting[asked]
		delete(s.waiting, asked)
		if following != nil {
			s.running[asked] = following
		} else {
			delete(s.running, asked)
		}
		s.mu.Unlock()
		close(wanted.done)
		if following != nil {
			// In the name of one that waits: the request that ran so far is answered now.
			go s.run(asked, following, detached(r))
		}
	}()
	s.mu.Lock()
	wanted.body.Grow(s.size)
	s.mu.Unlock()
	s.next.ServeHTTP(wanted, r)
}

// detached is a request with the same headers that does not end with the client's.
func detached(r *http.Request) *http.Request {
	return &http.Request{Method: r.Method, URL: r.URL, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Header: r.Header, Host: r.Host}
}

// A page takes the answer of a handler.

func (p *page) Header() http.Header         { return p.header }
func (p *page) WriteHeader(status int)      { p.status = status }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
