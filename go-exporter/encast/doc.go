// Package encast forecasts a video encode before it runs: VMAF, PSNR, size, time, CPU, memory, energy, cost and CO2,
// each with an interval. It recommends the bitrate ([Model.RecommendBitrate]) or the CRF ([Model.RecommendCRF]) that
// reaches a quality target, with an assurance and within limits on time, cost, energy and carbon if asked for, makes
// bitrate ladders ([Model.Ladder]), and ranks encoders, presets and sizes ([Model.Advise]). A [Site], a machine in a
// region with its prices, says what a job takes there. It wraps the C face of libencast, which it links statically.
//
// A value that is not known is NaN in [Features], [Targets] and [Result]: never 0, never a guess. [NewFeatures] and
// [NewTargets] make everything unknown. In options the zero value is the default.
//
// A [Model], a [Site] and [Profiles] never change and may be used by any number of goroutines at the same time, Close
// included.
//
// The library has to be installed, with headers: the Debian package libencast-dev, `make install` of the source tree, or
// the tarball with PKG_CONFIG_PATH set; then `go build` is all. It needs cgo and a C compiler. The program holds the
// library, default model included, and needs no libencast.so.
//
// An [Analyzer] measures how hard own frames are to encode; [Features.SetContent] puts what it found into a request.
package encast
