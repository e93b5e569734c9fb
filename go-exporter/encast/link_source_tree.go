//go:build encast_source_tree

package encast

// Links the archive that `cargo build --release -p encast-ffi` leaves in the source tree; the project's scripts ask for it.

// #cgo CFLAGS: -I${SRCDIR}/../../include
// #cgo LDFLAGS: -L${SRCDIR}/../../target/release -l:libencast.a -lm -ldl -lpthread
import "C"
