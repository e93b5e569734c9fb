//go:build !cgo

package encast

// What the compiler says of this name is the message: the package is the C library of encast, called through cgo. Set
// CGO_ENABLED=1 and install a C compiler and the library (docs/install.md); when cross-compiling set CC, too.
const _ = encast_needs_cgo_set_CGO_ENABLED_to_1_and_install_a_C_compiler
