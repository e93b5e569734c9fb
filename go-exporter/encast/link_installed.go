//go:build !encast_source_tree

package encast

// Links the archive of an installed library: the package libencast-dev, or scripts/install.sh, brings the file that
// pkg-config reads. Where it is in no usual place, PKG_CONFIG_PATH names the folder of encast-static.pc.

// #cgo pkg-config: encast-static
import "C"
