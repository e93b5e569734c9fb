// Command chaos reloads models under load, and kills the exporter and whoever writes its model, and checks that nobody
// gets a wrong answer. It prints a report in Markdown and ends with 1 when anything was wrong.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	program := flag.String("exporter", "build/encast-exporter", "program to test")
	first := flag.String("first", "models/default/default.encast", "a model")
	second := flag.String("second", "testdata/bundles/v3.encast", "another model, of another version")
	reloads := flag.Int("reloads", 1000, "reloads under load")
	clients := flag.Int("clients", 100, "clients at the same time")
	rate := flag.Float64("rate", 20, "requests a second of each client; 0 is one after another")
	reporters := flag.Int("reporters", 2, "clients beside these that forecast under an id and report what came of it, 10 times a second")
	kills := flag.Int("kills", 100, "times that the exporter is killed")
	placer := flag.String("place", "", "write the models to this path in turn for ever: what the kills do in a process of its own")
	flag.Parse()
	err := run(*program, *first, *second, *placer, *reloads, *clients, *reporters, *kills, *rate)
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(program, first, second, placer string, reloads, clients, reporters, kills int, rate float64) error {
	models, err := open(first, second)
	if err != nil {
		return err
	}
	if placer != "" {
		return models.placeForEver(placer)
	}
	folder, err := os.MkdirTemp("", "encast-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if reloads > 0 {
		if err := models.reloadUnderLoad(program, filepath.Join(folder, "model"), reloads, clients, reporters, rate); err != nil {
			return err
		}
	}
	if kills > 0 {
		return models.kill(program, []string{"--first", first, "--second", second}, folder, kills)
	}
	return nil
}
