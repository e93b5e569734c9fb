package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificate writes a self-signed certificate of 127.0.0.1 and its key to a folder, and returns who trusts it.
func certificate(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	err = errors.Join(os.WriteFile(filepath.Join(folder, "tls.crt"), public, 0o600),
		os.WriteFile(filepath.Join(folder, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(public)
	return trusted
}

// TestTLSAndPasswords is what docs/operations.md says of a file for --web.config.file: 401 without the password, 200 with it, 400 over
// plain http.
func TestTLSAndPasswords(t *testing.T) {
	folder := t.TempDir()
	trusted := certificate(t, folder)
	web := filepath.Join(folder, "web.yml")
	// The hash of "correct horse", as cheap as bcrypt allows.
	text := "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\nbasic_auth_users:\n" +
		"  prometheus: $2a$04$bixkB7lUdu3x9D83bGr2te2P0gb1ihJ6ScyjZHnQJnA79BLqlUWem\n"
	if err := os.WriteFile(web, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startExporter(t, nil, anyPort, "--web.config.file="+web)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for _, test := range []struct {
		scheme, user, password, method, path string
		status                               int
	}{
		{"https", "", "", "GET", "/metrics", 401},
		{"https", "", "", "GET", "/", 401},
		{"https", "", "", "POST", "/reload", 401},
		{"https", "prometheus", "wrong", "GET", "/metrics", 401},
		{"https", "other", "correct horse", "GET", "/metrics", 401},
		{"https", "prometheus", "correct horse", "GET", "/metrics", 200},
		{"https", "prometheus", "correct horse", "POST", "/reload", 200},
		{"http", "prometheus", "correct horse", "GET", "/metrics", 400},
	} {
		request, err := http.NewRequest(test.method, test.scheme+"://"+p.address+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.user != "" {
			request.SetBasicAuth(test.user, test.password)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.status {
			t.Errorf("%+v: %d", test, response.StatusCode)
		}
	}
}
