package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/campaign"
)

// background is what goes on while an exporter waits to be killed; it ends with the connection.
var background = []func(address string){reloadForEver}

func reloadForEver(address string) {
	client := campaign.NewClient(address)
	defer client.Close()
	for {
		if _, _, err := client.Ask([]byte("POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")); err != nil {
			return
		}
	}
}

// placeForEver saves the models in turn as the library saves.
func (m *models) placeForEver(path string) error {
	for turn := 0; ; turn++ {
		if err := m.of[turn%len(m.of)].Save(path); err != nil {
			return err
		}
	}
}

// enough kills to find every model: that chance keeps one of two from all of them is less likely than one in a hundred thousand.
const enough = 20

// killed kills a process that must not have ended before.
func killed(command *exec.Cmd) error {
	_ = command.Process.Kill()
	err := command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return nil
		}
	}
	return fmt.Errorf("it ended before it was killed (%w)", err)
}

// kill kills the exporter while it reloads and, at the same moment, a process that saves models: what is on disk has to be a
// whole model each time, and the exporter has to start with it.
func (m *models) kill(program string, args []string, folder string, kills int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path := filepath.Join(folder, "model.encast")
	if err := m.of[0].Save(path); err != nil {
		return err
	}
	found := map[string]int{}
	var starts campaign.Waits
	for i := range kills {
		begun := time.Now()
		exporter, err := campaign.Start(program, io.Discard, "--model-path="+path, "--reload.watch=10ms")
		if err != nil {
			return fmt.Errorf("after %d kills: %w", i, err)
		}
		starts.Add(time.Since(begun))
		placer := exec.Command(self, append(args, "--place", path)...)
		placer.Stderr = os.Stderr
		if err := placer.Start(); err != nil {
			exporter.Kill()
			return err
		}
		for _, work := range background {
			go work(exporter.Address)
		}
		time.Sleep(20*time.Millisecond + time.Duration(rand.Int64N(int64(150*time.Millisecond))))
		exporter.Kill()
		if err := killed(placer); err != nil {
			return fmt.Errorf("the process that saves its model, kill %d: %w", i+1, err)
		}
		model, err := encast.Load(path)
		if err != nil {
			return fmt.Errorf("after %d kills the model on disk is none: %w", i+1, err)
		}
		found[model.Info().Version]++
		if err := model.Close(); err != nil {
			return err
		}
	}
	if len(found) < len(m.of) && kills >= enough {
		return fmt.Errorf("of %d models only %v were found: the process that saves them saves one", len(m.of), found)
	}
	starts.Sort()
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return err
	}
	hidden, err := filepath.Glob(filepath.Join(folder, ".*"))
	if err != nil {
		return err
	}
	fmt.Printf("%d kills of the exporter during reloads, and of a process that saves its model: the model on disk was whole each time %s, and the exporter started each time, in %.0f ms (median; at most %.0f ms). Of saves that were cut off %d temporary files were left.\n\n",
		kills, strings.TrimPrefix(fmt.Sprint(found), "map"), starts.Quantile(.5), starts.Quantile(1), len(left)+len(hidden)-1)
	return nil
}
