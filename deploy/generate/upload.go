package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// largestAnswer bounds what is read of Grafana's answer.
const largestAnswer = 1 << 20

// uploadTo creates or replaces the dashboard of that uid through Grafana's HTTP API.
func uploadTo(client *http.Client, base, token string, dashboard []byte, stdout io.Writer) error {
	switch {
	case base == "":
		return errors.New("GRAFANA_URL is not set: the address of Grafana, as http://localhost:3000")
	case token == "":
		return errors.New("GRAFANA_TOKEN is not set: a service account's token that may write dashboards")
	}
	endpoint, err := url.JoinPath(base, "api/dashboards/db")
	if err != nil {
		return fmt.Errorf("GRAFANA_URL: %w", err)
	}
	body, err := json.Marshal(map[string]any{
		"dashboard": json.RawMessage(dashboard),
		"overwrite": true,
		"message":   "make update-dashboards",
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("GRAFANA_URL: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", endpoint, response.Status, bytes.TrimSpace(said))
	}
	var placed struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(said, &placed); err != nil {
		return fmt.Errorf("%s answered what is no JSON: %w", endpoint, err)
	}
	fmt.Fprintf(stdout, "uploaded to %s%s\n", base, placed.URL)
	return nil
}
