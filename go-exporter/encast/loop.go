package encast

/*
#include "wrappers.h"

static int32_t encast_go_loop(const EncastModel *model, double bitrate_kbps, size_t count, double *sum)
{
	EncastFeatures features;
	EncastResult result;
	int32_t status = encast_features_init(&features, sizeof features);
	if (status == ENCAST_STATUS_OK)
		status = encast_result_init(&result, sizeof result);
	features.bitrate_kbps = bitrate_kbps;
	features.resolution_width = 1920;
	features.resolution_height = 1080;
	features.frame_rate = 30;
	features.frame_drop = 0.01;
	features.motion_intensity = 0.5;
	for (size_t i = 0; i < count && status == ENCAST_STATUS_OK; i++) {
		status = encast_predict(model, &features, NULL, &result);
		*sum += result.predicted_vmaf;
	}
	return status;
}
*/
import "C"

// predictInC forecasts 1080p30 at a bitrate count times without coming back to Go, and sums up the VMAF: what the
// benchmarks compare a call from Go with.
func (m *Model) predictInC(bitrateKbps float64, count int) (float64, error) {
	var sum C.double
	if status := C.encast_go_loop(m.handle, C.double(bitrateKbps), C.size_t(count), &sum); status != C.ENCAST_STATUS_OK {
		return 0, Status(status)
	}
	return float64(sum), nil
}
