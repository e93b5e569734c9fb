package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"strings"
	"unsafe"
)

// LoadOptions tells which signature a model must have to be loaded: one of minisign, made of the very bytes of the
// bundle.
type LoadOptions struct {
	// RequireSignature refuses a model that none of the keys signed. Without it a signature that is there is still
	// checked when there are keys; but whoever can change the model can take its signature away.
	RequireSignature bool
	// PublicKeys is the content of a .pub file of minisign, or of several one after another, or keys by themselves, one a
	// line. Empty means none, and no signature is looked at.
	PublicKeys string
	// Signature is the content of a .minisig file. Empty means, for [LoadWith], the file beside the model, of its name and
	// ".minisig", and for [LoadBytesWith] none.
	Signature string
}

// LoadWith loads a model from a file once its signature is as the options ask. What was checked is what is loaded: the
// file is read once.
func LoadWith(path string, options LoadOptions) (*Model, error) {
	cPath, err := pathToC(path)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(cPath))
	return options.load(func(c *C.EncastLoadOptions, handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_load_with(cPath, c.require_signature, c.public_keys, c.signature, handle, failure)
	})
}

// LoadBytesWith loads a model from the bytes of a bundle once its signature is as the options ask.
func LoadBytesWith(bundle []byte, options LoadOptions) (*Model, error) {
	bytes := unsafe.Pointer(unsafe.SliceData(bundle))
	return options.load(func(c *C.EncastLoadOptions, handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return C.encast_go_load_memory_with(bytes, C.size_t(len(bundle)), c.require_signature, c.public_keys, c.signature,
			handle, failure)
	})
}

// load calls open with the texts of the options in memory of C.
func (o *LoadOptions) load(open func(*C.EncastLoadOptions, **C.EncastModel, *C.encast_go_failure) C.int32_t) (*Model, error) {
	var options C.EncastLoadOptions
	for _, given := range []struct {
		field, text string
		c           **C.char
	}{{"public_keys", o.PublicKeys, &options.public_keys}, {"signature", o.Signature, &options.signature}} {
		if strings.IndexByte(given.text, 0) >= 0 {
			return nil, &Error{Status: ErrBadText, Text: given.field + ": holds a NUL", Field: given.field, Row: -1}
		}
		if given.text != "" {
			*given.c = C.CString(given.text)
			defer C.free(unsafe.Pointer(*given.c))
		}
	}
	if o.RequireSignature {
		options.require_signature = 1
	}
	return load(func(handle **C.EncastModel, failure *C.encast_go_failure) C.int32_t {
		return open(&options, handle, failure)
	})
}
