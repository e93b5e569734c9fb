package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/encast/encast/go-exporter/internal/answer"
	"github.com/encast/encast/go-exporter/internal/feedback"
	"github.com/encast/encast/go-exporter/internal/request"
	"github.com/encast/encast/go-exporter/internal/serving"
)

// pageLife is how old a page may be when a scraper gets it, unless what it tells of has changed. It is far below any interval of
// scraping, so that two pages to one scraper are two pages; a crowd of scrapers costs as much as ten a second.
const pageLife = 100 * time.Millisecond

// shared answers GET requests of the same form that come within the life of a page with that page. When its life is over, one page
// is made at a time for each form: requests that come meanwhile wait for the next one, which begins when that one ends. So
// nobody gets a page that began longer than its life before they came, or before the last change of state.
type shared struct {
	next   http.Handler
	life   time.Duration
	state  func() any // comparable: a page made in another state is not given any more
	logger *slog.Logger

	mu      sync.Mutex
	newest  map[form]*page // under way, or done and kept for its life
	waiting map[form]*page // begin when those that are under way end
}

// form is what the headers of a request choose.
type form struct{ accept, encoding string }

// Bounds of what is kept; other requests are answered one by one.
const (
	longestForm = 1 << 10
	mostForms   = 8
)

// page is an answer that any number of requests wait for.
type page struct {
	begun  time.Time
	state  any
	done   chan struct{}
	ended  bool
	header http.Header
	status int
	body   *bytes.Buffer // from the pool, and back to it from the last user
	users  int           // who will send it, and the map that keeps it
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func newShared(next http.Handler, life time.Duration, state func() any, logger *slog.Logger) *shared {
	return &shared{next: next, life: life, state: state, logger: logger, newest: map[form]*page{}, waiting: map[form]*page{}}
}

// stateOf returns a function that tells states apart of which a page tells something else, but for counters.
func stateOf(holder *serving.Holder, reloader *serving.Reloader, observed *feedback.Feedback) func() any {
	type state struct {
		model    uint64
		reloads  serving.Status
		observed uint64
	}
	return func() any { return state{holder.Changes(), reloader.Status(), observed.Changes()} }
}

func newPage() *page {
	body := bodies.Get().(*bytes.Buffer)
	body.Reset()
	return &page{done: make(chan struct{}), header: http.Header{}, status: http.StatusOK, body: body}
}

// ServeHTTP implements [http.Handler].
func (s *shared) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := formOf(r)
	if r.Method != http.MethodGet || len(asked.accept)+len(asked.encoding) > longestForm || r.URL.RawQuery != "" {
		s.next.ServeHTTP(w, r)
		return
	}
	now, state := time.Now(), s.state()
	s.mu.Lock()
	wanted := s.newest[asked]
	switch {
	case wanted != nil && wanted.state == state && now.Sub(wanted.begun) < s.life && (!wanted.ended || wanted.status == http.StatusOK):
		wanted.users++
		s.mu.Unlock()
		<-wanted.done
	case wanted != nil && !wanted.ended:
		wanted = s.waiting[asked]
		if wanted == nil {
			wanted = newPage()
			s.waiting[asked] = wanted
		}
		wanted.users++
		s.mu.Unlock()
		<-wanted.done
	case wanted == nil && !s.room(now):
		s.mu.Unlock()
		s.next.ServeHTTP(w, r)
		return
	default:
		wanted = newPage()
		wanted.users++
		s.begin(asked, wanted)
		s.mu.Unlock()
		s.run(asked, wanted, r)
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

// formOf returns what promhttp looks at: the first line of Accept, and all of Accept-Encoding.
func formOf(r *http.Request) form {
	return form{r.Header.Get("Accept"), strings.Join(r.Header.Values("Accept-Encoding"), ",")}
}

// room makes room for one more form, if it can. The lock is held.
func (s *shared) room(now time.Time) bool {
	for asked, p := range s.newest {
		if len(s.newest) >= mostForms && p.ended && now.Sub(p.begun) >= s.life {
			p.release()
			delete(s.newest, asked)
		}
	}
	return len(s.newest) < mostForms
}

// begin keeps a page in the place of the one before, which has ended. The lock is held.
func (s *shared) begin(asked form, p *page) {
	if before := s.newest[asked]; before != nil {
		before.release()
	}
	p.begun, p.state = time.Now(), s.state()
	p.users++
	s.newest[asked] = p
}

// sent gives up the use of a page.
func (s *shared) sent(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.release()
}

// release is called with the lock held.
func (p *page) release() {
	if p.users--; p.users == 0 {
		bodies.Put(p.body)
	}
}

// run makes a page, and then the one that others wait for.
func (s *shared) run(asked form, wanted *page, r *http.Request) {
	complete := false
	defer func() {
		s.mu.Lock()
		wanted.ended = true
		if !complete { // a panic, which goes on to the request's own end
			wanted.fail()
		}
		following := s.waiting[asked]
		delete(s.waiting, asked)
		if following != nil {
			s.begin(asked, following)
		}
		s.mu.Unlock()
		close(wanted.done)
		if following != nil {
			// In the name of one that waits: the request that ran so far is answered now.
			go s.runDetached(asked, following, r)
		}
	}()
	s.next.ServeHTTP(wanted, r)
	complete = true
}

// runDetached runs where no server stands behind that would keep a panic from ending the program.
func (s *shared) runDetached(asked form, wanted *page, r *http.Request) {
	defer func() {
		if cause := recover(); cause != nil {
			s.logger.Error("A page could not be made", "err", cause, "stack", string(debug.Stack()))
		}
	}()
	s.run(asked, wanted, detached(r))
}

// detached is a request with the same headers that does not end with the client's.
func detached(r *http.Request) *http.Request {
	return &http.Request{Method: r.Method, URL: r.URL, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, Header: r.Header, Host: r.Host}
}

// fail puts an error in the place of what was written.
func (p *page) fail() {
	clear(p.header)
	p.body.Reset()
	mistake := request.Mistake("", "the page could not be made")
	mistake.Status = http.StatusInternalServerError
	answer.Failure(p, mistake)
}

// A page takes the answer of a handler.

func (p *page) Header() http.Header         { return p.header }
func (p *page) WriteHeader(status int)      { p.status = status }
func (p *page) Write(b []byte) (int, error) { return p.body.Write(b) }
