package limit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestRate(t *testing.T) {
	handler := New(5, 0).Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	counts := map[int]int{}
	for range 50 {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
		counts[recorder.Code]++
		if recorder.Code == 429 && (recorder.Header().Get("Retry-After") != "1" || !strings.Contains(recorder.Body.String(), "--limit.rate")) {
			t.Errorf("%v %s", recorder.Header(), recorder.Body)
		}
	}
	// As many as a second has may come at once; a slow machine lets one or two more through.
	if counts[200] < 5 || counts[200] > 10 || counts[200]+counts[429] != 50 {
		t.Errorf("answers by code: %v", counts)
	}
}

func TestConcurrent(t *testing.T) {
	enter, leave := make(chan struct{}), make(chan struct{})
	handler := New(0, 3).Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		enter <- struct{}{}
		<-leave
	}))
	ask := func() *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
		return recorder
	}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if code := ask().Code; code != 200 {
				t.Errorf("within the limit: %d", code)
			}
		})
		<-enter
	}
	for range 5 {
		if refused := ask(); refused.Code != 503 || refused.Header().Get("Retry-After") != "1" {
			t.Errorf("beyond the limit: %d", refused.Code)
		}
	}
	close(leave)
	group.Wait()
	group.Go(func() { ask() })
	<-enter
	group.Wait()
}

func TestNone(t *testing.T) {
	var answered atomic.Int64
	handler := New(0, 0).Guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answered.Add(1) }))
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() { handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
	}
	group.Wait()
	if answered.Load() != 100 {
		t.Errorf("%d of 100 requests were answered", answered.Load())
	}
}
