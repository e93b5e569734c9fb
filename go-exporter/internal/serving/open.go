package serving

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/encast/encast/go-exporter/encast"
)

// Opener returns the function that opens the model of a path, or the embedded one when the path is empty. A path that
// can't be used is an error: the embedded model never stands in for it. With keys, a .pub file of minisign or a key itself,
// a model that none of them signed can't be used; the embedded one, being part of the program, needs no signature. The file
// of keys is read each time, so that they can be replaced.
func Opener(path, keys string) func() (Model, error) {
	return func() (Model, error) {
		model, err := open(path, keys)
		if err != nil {
			return nil, err
		}
		return model, nil
	}
}

func open(path, keys string) (*encast.Model, error) {
	options := encast.LoadOptions{RequireSignature: keys != ""}
	if keys != "" {
		text, err := readKeys(keys)
		if err != nil {
			return nil, fmt.Errorf("--require-signature: %w", err)
		}
		options.PublicKeys = text
	}
	if path == "" {
		return encast.LoadDefault()
	}
	model, err := encast.LoadWith(path, options)
	if errors.Is(err, encast.ErrBadKey) {
		return nil, fmt.Errorf("--require-signature: neither a file nor a public key of minisign: %w", err)
	}
	if err != nil && !strings.Contains(err.Error(), path) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return model, err
}

// maxKeysSize bounds what is read of a file of keys; one key takes some hundred bytes.
const maxKeysSize = 64 << 10

// readKeys returns the text of a file of keys, or, when there is no such file, what may be a key itself.
func readKeys(keys string) (string, error) {
	file, err := os.Open(keys)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENAMETOOLONG) {
		return keys, nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeysSize+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxKeysSize {
		return "", fmt.Errorf("%s: more than %d bytes, keys have no more", keys, maxKeysSize)
	}
	return string(text), nil
}
