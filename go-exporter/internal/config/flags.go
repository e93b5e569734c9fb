package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// DefaultPort is listened on when neither flag nor environment says otherwise.
const DefaultPort = 9505

// Settings is what flags and environment say: a flag beats the environment, which beats the default.
type Settings struct {
	ModelPath string // empty means the embedded model
	// RequireSignature is a file of public keys, or a key; empty asks for no signature.
	RequireSignature string
	ConfigFile       string // empty means the built-in configuration
	Place            Place  // where encodes run
	Feedback         Feedback
	CheckOnly        bool
	Service          Service
	Web              *web.FlagConfig
	Log              *promslog.Config
}

// ParseFlags reads the command line and the environment. The application answers --help and --version itself.
func ParseFlags(app *kingpin.Application, args []string) (*Settings, error) {
	settings := &Settings{Log: &promslog.Config{}}
	var portGiven, addressGiven, keysGiven bool
	port := app.Flag("port", "Port to listen on, on all addresses.").
		Envar("ML_EXPORTER_PORT").Default(strconv.Itoa(DefaultPort)).IsSetByUser(&portGiven).Uint16()
	app.Flag("model-path", "Model bundle to load; empty means the embedded model. A file that can't be used is an error.").
		Envar("MODEL_PATH").Default("").StringVar(&settings.ModelPath)
	app.Flag("require-signature", "Refuse a model file that none of these minisign keys signed: a .pub file, or a key itself.").
		Envar("ENCAST_REQUIRE_SIGNATURE").Default("").IsSetByUser(&keysGiven).StringVar(&settings.RequireSignature)
	app.Flag("config.file", "YAML file of the encodes to expose; without it, four common ones.").
		Default("").StringVar(&settings.ConfigFile)
	app.Flag("config.check", "Check the configuration and the model, then exit: 0 when both can be used.").
		BoolVar(&settings.CheckOnly)
	place := &settings.Place
	app.Flag("machine", "Machine that encodes: with --region one of the profiles, without it one that the model was taught.").
		Default("").StringVar(&place.Machine)
	app.Flag("region", "Region of the machine: time, energy, cost and carbon are of this place then.").
		Default("").StringVar(&place.Region)
	app.Flag("profiles", "TOML file of machines, regions and prices over the built-in ones.").
		Default("").StringVar(&place.Profiles)
	var monthsGiven, deliveriesGiven bool
	months := app.Flag("months-stored", "Months that encodes are kept.").IsSetByUser(&monthsGiven).Float64()
	deliveries := app.Flag("deliveries", "How often encodes are sent to the internet.").IsSetByUser(&deliveriesGiven).Float64()
	app.Flag("whole-machine", "Charge encodes their whole machine, not the share that they have threads for.").
		BoolVar(&place.WholeMachine)
	addServiceFlags(app, &settings.Service)
	checkFeedback := settings.Feedback.addFlags(app)
	settings.Web = kingpinflag.AddFlags(app, fmt.Sprintf(":%d", DefaultPort))
	app.GetFlag("web.listen-address").IsSetByUser(&addressGiven)
	promslogflag.AddFlags(app, settings.Log)
	if _, err := app.Parse(args); err != nil {
		return nil, err
	}
	if err := errors.Join(settings.Service.check(), checkFeedback(settings.ModelPath)); err != nil {
		return nil, err
	}
	if monthsGiven {
		place.MonthsStored = months
	}
	if deliveriesGiven {
		place.Deliveries = deliveries
	}
	switch {
	case keysGiven && settings.RequireSignature == "":
		// A script whose variable is empty must not turn the check off.
		return nil, errors.New("--require-signature: is empty, must be a .pub file or a public key of minisign; leave the flag out to ask for no signature")
	case portGiven && addressGiven:
		return nil, errors.New("--port and --web.listen-address both say where to listen: give one")
	case !addressGiven:
		if *port == 0 {
			return nil, errors.New("--port: 0 is no port; --web.listen-address=:0 listens on any free one")
		}
		*settings.Web.WebListenAddresses = []string{net.JoinHostPort("", strconv.Itoa(int(*port)))}
	}
	return settings, nil
}
