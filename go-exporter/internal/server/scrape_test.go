package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func stateless() any { return nil }

var quiet = slog.New(slog.DiscardHandler)

// askFor asks for a page and returns it.
func askFor(t *testing.T, handler http.Handler, accept string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest("GET", "/", nil)
	request.Header.Set("Accept", accept)
	handler.ServeHTTP(recorder, request)
	return recorder
}

// TestSharedLife: a page is given again until its life is over or the state is another one, and what failed is not.
func TestSharedLife(t *testing.T) {
	var made, state, status atomic.Int64
	status.Store(200)
	s := newShared(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if status.Load() == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(int(status.Load()))
		fmt.Fprint(w, made.Add(1))
	}), time.Hour, func() any { return state.Load() }, quiet)
	expect := func(want string) {
		t.Helper()
		if got := askFor(t, s, "text").Body.String(); got != want {
			t.Errorf("page %q, want %q", got, want)
		}
	}
	expect("1")
	expect("1")
	state.Add(1)
	expect("2")
	expect("2")
	s.life = time.Nanosecond
	time.Sleep(time.Millisecond)
	expect("3")
	s.life = time.Hour
	expect("3")
	state.Add(1)
	status.Store(500)
	expect("4")
	expect("5")
	status.Store(0)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not go on")
			}
		}()
		askFor(t, s, "text")
	}()
	status.Store(200)
	expect("6")
	expect("6")
	for i := range 2 * mostForms {
		askFor(t, s, fmt.Sprint(i))
	}
	if expect("6"); len(s.newest) != mostForms {
		t.Errorf("%d forms are kept", len(s.newest))
	}
	s.life = time.Nanosecond
	time.Sleep(time.Millisecond)
	askFor(t, s, "new")
	if s.newest[form{"new", ""}] == nil || len(s.newest) != mostForms {
		t.Errorf("%d forms are kept, and not the new one", len(s.newest))
	}
}

// TestSharedJoins: who comes while a page of the same state is made waits for that one; of another state, for the next.
func TestSharedJoins(t *testing.T) {
	var made, state atomic.Int64
	enter, leave := make(chan struct{}), make(chan struct{})
	s := newShared(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		number := made.Add(1)
		enter <- struct{}{}
		<-leave
		fmt.Fprint(w, number)
	}), time.Hour, func() any { return state.Load() }, quiet)
	var group sync.WaitGroup
	ask := func(want string) {
		group.Go(func() {
			if got := askFor(t, s, "text").Body.String(); got != want {
				t.Errorf("page %q, want %q", got, want)
			}
		})
	}
	users := func(want int) {
		for enough := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.newest[form{"text", ""}].users >= want }; !enough(); {
			time.Sleep(time.Millisecond)
		}
	}
	ask("1")
	<-enter
	ask("1")
	users(3)
	state.Add(1)
	ask("2")
	for waits := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiting) == 1 }; !waits(); {
		time.Sleep(time.Millisecond)
	}
	leave <- struct{}{}
	<-enter
	leave <- struct{}{}
	group.Wait()
	if users := s.newest[form{"text", ""}].users; users != 1 || made.Load() != 2 {
		t.Errorf("%d users, %d pages", users, made.Load())
	}
}

// TestShared: one page at a time; whoever comes while one is made gets the next, which began after they came.
func TestShared(t *testing.T) {
	var made, now, asked atomic.Int64
	enter, leave := make(chan struct{}), make(chan struct{})
	s := newShared(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if now.Add(1) > 1 {
			t.Error("two pages at a time")
		}
		number := made.Add(1)
		enter <- struct{}{}
		<-leave
		w.Header().Set("X-Form", r.Header.Get("Accept"))
		fmt.Fprintf(w, "page %d", number)
		now.Add(-1)
	}), 0, stateless, quiet)
	var group sync.WaitGroup
	counts := map[string]int{}
	var mu sync.Mutex
	ask := func() {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("Accept", "text")
		asked.Add(1)
		s.ServeHTTP(recorder, request)
		mu.Lock()
		defer mu.Unlock()
		counts[recorder.Body.String()]++
		if recorder.Code != 200 || recorder.Header().Get("X-Form") != "text" || recorder.Header().Get("Content-Length") != "6" {
			t.Errorf("%d %v", recorder.Code, recorder.Header())
		}
	}
	group.Go(ask)
	<-enter
	for range 20 {
		group.Go(ask)
	}
	for waits := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiting) == 1 }; !waits() || asked.Load() < 21; {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // from asking to waiting is a step
	leave <- struct{}{}
	// The second is under way now: who has not come yet gets it or a third.
	<-enter
	leave <- struct{}{}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	for open := true; open; {
		select {
		case <-enter:
			leave <- struct{}{}
		case <-done:
			open = false
		}
	}
	if counts["page 1"] != 1 || counts["page 2"] == 0 || made.Load() > 6 {
		t.Errorf("%v of %d pages", counts, made.Load())
	}
	if len(s.newest) != 1 || len(s.waiting) != 0 {
		t.Errorf("%d kept, %d waiting", len(s.newest), len(s.waiting))
	}
}

// TestSharedForms: requests that ask for another form do not get this one.
func TestSharedForms(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	s := newShared(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") == "slow" {
			enter <- struct{}{}
			<-leave
		}
		fmt.Fprint(w, r.Header.Get("Accept"))
	}), 0, stateless, quiet)
	ask := func(form string) string {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("Accept", form)
		s.ServeHTTP(recorder, request)
		return recorder.Body.String()
	}
	var group sync.WaitGroup
	group.Go(func() {
		if got := ask("slow"); got != "slow" {
			t.Errorf("got %q", got)
		}
	})
	<-enter
	if got := ask("other"); got != "other" {
		t.Errorf("got %q", got)
	}
	close(leave)
	group.Wait()
	one, two := httptest.NewRequest("GET", "/", nil), httptest.NewRequest("GET", "/", nil)
	one.Header["Accept-Encoding"], two.Header["Accept-Encoding"] = []string{"identity"}, []string{"identity", "gzip"}
	if formOf(one) == formOf(two) {
		t.Error("a second line of Accept-Encoding chooses nothing")
	}
}

// TestSharedPanic: a page that nobody's request makes, and that can't be made, is told to those who wait for it and ends nothing.
func TestSharedPanic(t *testing.T) {
	var made atomic.Int64
	enter, leave := make(chan struct{}), make(chan struct{})
	log := make(lines, 10)
	s := newShared(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		number := made.Add(1)
		enter <- struct{}{}
		<-leave
		if number == 2 {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "half")
			panic("no page")
		}
		fmt.Fprint(w, number)
	}), 0, stateless, slog.New(slog.NewTextHandler(log, nil)))
	var group sync.WaitGroup
	group.Go(func() { askFor(t, s, "text") })
	<-enter
	group.Go(func() {
		got := askFor(t, s, "text")
		if got.Code != 500 || !strings.Contains(got.Body.String(), `"status":"error"`) || got.Header().Get("Content-Encoding") != "" {
			t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
		}
	})
	for waits := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiting) == 1 }; !waits(); {
		time.Sleep(time.Millisecond)
	}
	leave <- struct{}{}
	<-enter
	leave <- struct{}{}
	group.Wait()
	group.Go(func() {
		if got := askFor(t, s, "text").Body.String(); got != "3" {
			t.Errorf("the next page is %q", got)
		}
	})
	<-enter
	leave <- struct{}{}
	group.Wait()
	select {
	case line := <-log:
		if !strings.Contains(line, "no page") {
			t.Errorf("logged: %s", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("the panic was not logged")
	}
}

// lines takes a log.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}
