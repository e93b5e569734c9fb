package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

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
	}))
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
	if len(s.running)+len(s.waiting) != 0 {
		t.Errorf("%d running, %d waiting", len(s.running), len(s.waiting))
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
	}))
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
}
