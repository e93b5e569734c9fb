package encast_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/encast/encast/go-exporter/encast"
)

func shared(name string) string {
	return filepath.Join("..", "..", "testdata", filepath.FromSlash(name))
}

func text(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(shared(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSignedModels(t *testing.T) {
	bundle := []byte(text(t, "bundles/v1.encast"))
	good, other := text(t, "signed/v1.encast.minisig"), text(t, "signed/v1.encast.two.minisig")
	one := text(t, "signed/one.pub")
	path := filepath.Join(t.TempDir(), "model.encast")
	if err := os.WriteFile(path, bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	tampered := append([]byte(nil), bundle...)
	tampered[len(tampered)/2] ^= 1
	for name, test := range map[string]struct {
		bundle  []byte
		beside  string // the signature's file, none when empty
		options encast.LoadOptions
		due     error
	}{
		"signed":               {bundle, good, encast.LoadOptions{RequireSignature: true, PublicKeys: one}, nil},
		"signature given":      {bundle, "", encast.LoadOptions{RequireSignature: true, PublicKeys: one, Signature: good}, nil},
		"not signed":           {bundle, "", encast.LoadOptions{RequireSignature: true, PublicKeys: one}, encast.ErrUnsigned},
		"not signed, optional": {bundle, "", encast.LoadOptions{PublicKeys: one}, nil},
		"another key":          {bundle, other, encast.LoadOptions{RequireSignature: true, PublicKeys: one}, encast.ErrBadSignature},
		"another, optional":    {bundle, other, encast.LoadOptions{PublicKeys: one}, encast.ErrBadSignature},
		"no key looked at":     {bundle, other, encast.LoadOptions{}, nil},
		"changed":              {tampered, good, encast.LoadOptions{RequireSignature: true, PublicKeys: one}, encast.ErrBadSignature},
		"no keys":              {bundle, good, encast.LoadOptions{RequireSignature: true}, encast.ErrBadKey},
		"keys that are none":   {bundle, good, encast.LoadOptions{RequireSignature: true, PublicKeys: "hello"}, encast.ErrBadKey},
		"keys with a NUL":      {bundle, good, encast.LoadOptions{PublicKeys: "a\x00b"}, encast.ErrBadText},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, test.bundle, 0o600); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(path + ".minisig")
			inMemory := test.options
			if test.beside != "" {
				if err := os.WriteFile(path+".minisig", []byte(test.beside), 0o600); err != nil {
					t.Fatal(err)
				}
				inMemory.Signature = test.beside
			}
			fromFile, err := encast.LoadWith(path, test.options)
			if !errors.Is(err, test.due) {
				t.Fatalf("from a file: %v, due %v", err, test.due)
			}
			fromMemory, err := encast.LoadBytesWith(test.bundle, inMemory)
			if !errors.Is(err, test.due) {
				t.Fatalf("from memory: %v, due %v", err, test.due)
			}
			if test.due == nil {
				for _, model := range []*encast.Model{fromFile, fromMemory} {
					if _, err := model.Predict(request()); err != nil {
						t.Error(err)
					}
					_ = model.Close()
				}
			}
		})
	}
}
