//go:build cgo

package encast

import "time"

// PredictOptions tells how a forecast is made, and what a recommendation or a ladder has to keep. The zero value holds
// the defaults.
type PredictOptions struct {
	TargetVMAF     float64  // VMAF that a recommended bitrate or CRF has to reach, above 0 and at most 100; 0 means 93
	MinBitrateKbps float64  // lowest bitrate that may be recommended, or that a ladder looks at; 0 means 100
	MaxBitrateKbps float64  // highest bitrate that may be recommended, or that a ladder looks at; 0 means 50000
	Profile        *Profile // prices and factors instead of the model's, where the model has learnt no cost itself

	Level float64 // probability that every interval promises, 0.1-0.98; 0 means 0.9
	// Assurance is the probability, 0.5-0.99, with which the true VMAF shall reach the target: the lower bound that
	// holds with it has to reach it then, not the forecast. 0 means the forecast.
	Assurance        float64
	MinCRF           float64 // lowest CRF that may be recommended; 0 means the encoder's, no lower than the model saw
	MaxCRF           float64 // highest CRF that may be recommended; 0 means the encoder's, no higher than the model saw
	MaxEncodeSeconds float64 // most that the job may take at what is recommended, by the forecast; 0 means any
	MaxCostUSD       float64 // most that the job may cost at what is recommended, by the forecast; 0 means any
	MaxEnergyKWh     float64 // most energy that the job may take at what is recommended, by the forecast; 0 means any
	MaxCO2Kg         float64 // most carbon, kg CO2e, that the job may have at what is recommended, by the forecast; 0 means any

	// Site is where the job runs: times, CPU percent, energy, cost and carbon are those of this machine in this region
	// then, whatever the model has learnt of cost and carbon, and Profile is not used. Nil is nowhere in particular.
	Site         *Site
	MonthsStored float64 // months that the encode is kept, for which a site charges, 0-1e4
	Deliveries   float64 // how often the whole encode is sent to the internet, for which a site charges, 0-1e12
	WholeMachine bool    // a site charges the job its whole machine, not only the vCPUs that it has threads for

	// Correction is added to forecasts before intervals, recommendations and ladders are made of them. The zero value
	// adds nothing.
	Correction Correction
}

// Profile holds prices and carbon factors of one machine in one place.
type Profile struct {
	USDPerCPUHour float64 // price of one vCPU for one hour
	WattsPerCPU   float64 // electric power of one busy vCPU with its share of the machine
	PUE           float64 // power usage effectiveness of the data centre, at least 1
	GridGPerKWh   float64 // carbon intensity of the grid, g CO2e per kWh
	Name          string  // what the profile describes, at most 63 bytes
	Source        string  // where the numbers come from, and of which date, at most 255 bytes
}

// ModelKind is a learner; 0 is the default.
type ModelKind int32

// RetrainOptions tells how a model is trained, and what it says of itself. The zero value holds the defaults.
type RetrainOptions struct {
	ModelKind ModelKind // 0 means ModelKindBlend
	Seed      uint64    // same rows, options and seed: the same model; 0 means 1
	Threads   uint32    // 0 means all cores
	Targets   []Target  // what to learn; empty means all that the rows measure
	TrainedAt time.Time // the zero time means now
	// The texts below are kept in the bundle; each is at most 63 bytes long, ProbeRecipe 255.
	Version     string   // of the model; empty means "0"
	VMAFModel   string   // name of the VMAF model that the labels were made with
	Licence     string   // of the bundle
	ProbeRecipe string   // how the trial encodes were made
	Profile     *Profile // prices and factors for a model that learns time but no cost
}
