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
	body   *bytes.Buffer // from the pool, and back to it from the last one who sends it
	users  int           // who will send it
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func newShared(next http.Handler) *shared {
	return &shared{next: next, running: map[form]*page{}, waiting: map[form]*page{}}
}

func newPage() *page {
	body := bodies.Get().(*bytes.Buffer)
	body.Reset()
	return &page{done: make(chan struct{}), header: http.Header{}, status: http.StatusOK, body: body}
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
		wanted.users++
		s.mu.Unlock()
		s.run(asked, wanted, r)
	case wanted == nil:
		wanted = newPage()
		s.waiting[asked] = wanted
		fallthrough
	default:
		wanted.users++
		s.mu.Unlock()
		<-wanted.done
	}
	defer s.sent(wanted)
	header := w.Header()
	for name, values := range wanted.header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(wanted.body.Len()))
	w.WriteHeader(wanted.status)
	// An error here is a client that went away.
	_, _ = w.Write(wanted.body.Bytes())
}

// sent gives up the use of a page.
func (s *shared) sent(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.users--; p.users == 0 {
		bodies.Put(p.body)
	}
}

// run makes a page, and then the one that others wait for.
func (s *shared) run(asked form, wanted *page, r *http.Request) {
	defer func() {
		s.mu.Lock()
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
