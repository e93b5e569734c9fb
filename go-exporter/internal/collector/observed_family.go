package collector

import "github.com/encast/encast/go-exporter/encast"

// observedLabels are the labels of everything that is said about an observation.
var observedLabels = []string{"config", "bitrate", "resolution", "fps", "codec", "encoder", "preset", "title", "id"}

// quantity is what may be measured of an encode, in the unit of its metrics: scale is how many of them the library's unit has.
type quantity struct {
	target   encast.Target
	measured *Family
	forecast *Family // nil: the forecast has no metric of its own
	scale    float64
}

func newQuantity(target encast.Target, measured, forecast, what string, scale float64) quantity {
	q := quantity{target: target, measured: family(measured, "Measured "+what+".", observedLabels...), scale: scale}
	if forecast != "" {
		q.forecast = family(forecast, "Forecast, told before, of the measured "+what+".", observedLabels...)
	}
	return q
}

// The measured quantities, in base units where the name is not fixed otherwise.
var quantities = []quantity{
	newQuantity(encast.TargetVMAF, "qoe_vmaf_score", "qoe_vmaf_forecast", "VMAF of the encode, 0-100", 1),
	newQuantity(encast.TargetPSNR, "qoe_psnr_score", "qoe_psnr_forecast", "PSNR of the encode, dB", 1),
	newQuantity(encast.TargetSSIM, "qoe_ssim_score", "", "SSIM of the encode, 0-1", 1),
	newQuantity(encast.TargetEncodeSeconds, "resource_encode_seconds", "resource_encode_forecast_seconds", "elapsed time of the whole job, seconds", 1),
	newQuantity(encast.TargetCPUSeconds, "resource_cpu_seconds", "", "CPU time of the whole job over all cores, seconds", 1),
	newQuantity(encast.TargetPeakMemoryMB, "resource_peak_memory_bytes", "", "peak resident memory, bytes", 1e6),
	newQuantity(encast.TargetEnergyKWh, "resource_energy_joules", "resource_energy_forecast_joules", "energy of the whole job, joules", 3.6e6),
	newQuantity(encast.TargetCostUSD, "cost_usd", "cost_forecast_usd", "cost of the whole job, USD", 1),
	newQuantity(encast.TargetCO2Kg, "cost_co2_kg", "", "carbon of the whole job, kg CO2e", 1),
	newQuantity(encast.TargetBitrateKbps, "resource_bitrate_bytes_per_second", "", "bitrate that the encode came out with, bytes per second", 125),
}

// What else is said about an observation.
var (
	observationInput = family("observation_input", "Input of the observed encode that no label has, in the unit of its name.", "id", "field")
	observationAt    = family("observation_timestamp_seconds", "When the encode was measured, Unix seconds.", "id")
)

// All observations.
var (
	observationsTotal  = counter("ml_observations_total", "Observations since start that measured the target.", "target")
	observationsStored = family("ml_observations_stored", "Observations that are kept.")
	forecastsWaiting   = family("ml_forecasts_waiting", "Forecasts that are kept until what was measured of them is reported.")
	storeBytes         = family("ml_observations_file_bytes", "Size of the file of observations and forecasts.")
	storeFailures      = counter("ml_observations_write_errors_total", "Reports and forecasts since start that could not be stored.")
	observationError   = summary("ml_observation_error", "Absolute error of the newest forecasts of the model in use, in the target's unit; sum and count are of these too.", "target", "codec")
	observationBias    = family("ml_observation_bias", "Mean of measured minus forecast over the newest observations of the model in use, in the target's unit.", "target", "codec")
	observationWindow  = family("ml_observation_window", "Observations that errors, bias and coverage are taken over.", "target", "codec")
	intervalCoverage   = family("ml_interval_coverage_ratio", "Share of the newest observations inside of the interval that was forecast.", "target", "codec")
	intervalNominal    = family("ml_interval_nominal_ratio", "Share that the intervals promise to hold.", "target")
	driftPSI           = family("ml_drift_input_psi", "Population stability index of an input: newest observations against the training table.", "field")
	driftScore         = family("ml_drift_residual_score", "Drift of the residuals of the model in use: 1 and more is an alarm.", "target", "codec", "encoder")
	driftDetected      = family("ml_drift_detected", "1 when any residuals, or any input, drift, else 0.", "kind")
	correctionEnabled  = family("ml_correction_enabled", "1 when forecasts are corrected by what was observed, else 0.")
	correctionOffset   = family("ml_correction_offset", "What a correction adds to forecasts: in the unit of VMAF and PSNR, else octaves.", "target", "codec")
	retrainReadable    = family("ml_retrain_status_readable", "1 when the status file of retraining can be read, 0 when it can't; no sample without such a file.")
	retrainOutcome     = family("ml_retrain_last_outcome", "Outcome of the last retraining and its reason, as labels; the value is 1.", "outcome", "reason")
	retrainRuns        = counter("ml_retrain_runs_total", "Retrainings, by outcome.", "outcome")
	retrainLast        = family("ml_retrain_last_run_timestamp_seconds", "When the last retraining ended, Unix seconds.")
	retrainInterval    = family("ml_retrain_interval_seconds", "Time between the starts of two scheduled retrainings; no sample without a schedule.")
	retrainLastSuccess = family("ml_retrain_last_success_timestamp_seconds", "When a retraining last placed a model, or found nothing new to learn, Unix seconds.")
)

// ObservedFamilies returns all families of what was observed, in the order of the metrics reference.
func ObservedFamilies() []*Family {
	var all []*Family
	for _, q := range quantities {
		all = append(all, q.measured)
		if q.forecast != nil {
			all = append(all, q.forecast)
		}
	}
	return append(all, observationInput, observationAt, observationsTotal, observationsStored, forecastsWaiting, storeBytes,
		storeFailures, observationError, observationBias, observationWindow, intervalCoverage, intervalNominal, driftPSI, driftScore,
		driftDetected, correctionEnabled, correctionOffset, retrainReadable, retrainOutcome, retrainRuns, retrainLast, retrainInterval, retrainLastSuccess)
}
