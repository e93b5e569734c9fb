package encast

// PredictInC is for benchmarks.
func (m *Model) PredictInC(bitrateKbps float64, count int) (float64, error) {
	return m.predictInC(bitrateKbps, count)
}
