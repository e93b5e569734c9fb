package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestUpload(t *testing.T) {
	file, err := predictionsJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Dashboard struct {
			UID string `json:"uid"`
			ID  any    `json:"id"`
		} `json:"dashboard"`
		Overwrite bool `json:"overwrite"`
	}
	grafana := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/grafana/api/dashboards/db" || r.Header.Get("Content-Type") != "application/json":
			http.Error(w, r.Method+" "+r.URL.Path, http.StatusNotFound)
		case r.Header.Get("Authorization") != "Bearer secret":
			http.Error(w, `{"message":"Unauthorized"}`, http.StatusUnauthorized)
		case json.NewDecoder(r.Body).Decode(&got) != nil:
			http.Error(w, "no JSON", http.StatusBadRequest)
		default:
			_, _ = io.WriteString(w, `{"status":"success","uid":"ml-predictions","url":"/d/ml-predictions/x","version":2}`)
		}
	}))
	defer grafana.Close()
	var said strings.Builder
	if err := uploadTo(grafana.Client(), grafana.URL+"/grafana", "secret", file, &said); err != nil {
		t.Fatal(err)
	}
	// A number of another Grafana's would make this one look for a dashboard that it does not have.
	if got.Dashboard.UID != "ml-predictions" || got.Dashboard.ID != nil || !got.Overwrite {
		t.Errorf("sent %+v", got)
	}
	if !strings.Contains(said.String(), "/d/ml-predictions/") {
		t.Errorf("said %q", said.String())
	}
	for _, wrong := range []struct{ base, token, want string }{
		{"", "secret", "GRAFANA_URL is not set"},
		{grafana.URL, "", "GRAFANA_TOKEN is not set"},
		{grafana.URL + "/grafana", "guessed", `401 Unauthorized: {"message":"Unauthorized"}`},
		{grafana.URL, "secret", "404 Not Found"},
		{"http://\x7f", "secret", "GRAFANA_URL"},
	} {
		if err := uploadTo(grafana.Client(), wrong.base, wrong.token, file, io.Discard); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%q, %q: %v, want %s", wrong.base, wrong.token, err, wrong.want)
		}
	}
}
