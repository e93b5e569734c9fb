// Package campaign is what the long measurements of a running exporter share: the exporter as a process of its own, and
// clients that cost little beside it.
package campaign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Exporter is a running exporter.
type Exporter struct {
	Address string // host and port
	command *exec.Cmd
	ended   chan struct{}
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// Start starts the exporter of a program on a free port, and waits until it listens. Its log goes to log.
func Start(program string, log io.Writer, args ...string) (*Exporter, error) {
	e := &Exporter{ended: make(chan struct{})}
	e.command = exec.Command(program, append([]string{"--web.listen-address=127.0.0.1:0"}, args...)...)
	output, err := e.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := e.command.Start(); err != nil {
		return nil, err
	}
	found := make(chan string, 1)
	var first bytes.Buffer // of the log, for the case that it never listens
	go func() {
		defer close(e.ended)
		lines, listens := bufio.NewScanner(output), false
		for lines.Scan() {
			if !listens && first.Len() < 4<<10 {
				first.WriteString(lines.Text() + "\n")
			}
			fmt.Fprintln(log, lines.Text())
			if match := listening.FindStringSubmatch(lines.Text()); match != nil && !listens {
				listens = true
				found <- match[1]
			}
		}
		// A line beyond the scanner's bound ends it: without a reader the exporter would wait for ever to write its next.
		_, _ = io.Copy(io.Discard, output)
	}()
	select {
	case e.Address = <-found:
		return e, nil
	case <-e.ended:
		return nil, fmt.Errorf("the exporter ended: %w: %s", e.command.Wait(), first.String())
	case <-time.After(time.Minute):
		e.Kill()
		return nil, errors.New("the exporter does not listen after a minute")
	}
}

// Kill ends the exporter as a power cut does.
func (e *Exporter) Kill() {
	_ = e.command.Process.Kill()
	<-e.ended
	_ = e.command.Wait()
}

// Stop asks the exporter to end, and waits for it.
func (e *Exporter) Stop() error {
	if err := e.command.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	<-e.ended
	return e.command.Wait()
}

// Memory tells the resident memory of the exporter now and at most, and the number of its open files; MiB.
func (e *Exporter) Memory() (now, most float64, files int, err error) {
	folder := fmt.Sprintf("/proc/%d/", e.command.Process.Pid)
	status, err := os.ReadFile(folder + "status")
	if err != nil {
		return 0, 0, 0, err
	}
	open, err := os.ReadDir(folder + "fd")
	if err != nil {
		return 0, 0, 0, err
	}
	return kib(status, "VmRSS:") / 1024, kib(status, "VmHWM:") / 1024, len(open), nil
}

// CPU tells the seconds of processor time that the exporter has used.
func (e *Exporter) CPU() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.command.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100 // ticks of 10 ms on every Linux that Go runs on
}

func kib(status []byte, name string) float64 {
	_, rest, _ := strings.Cut(string(status), name)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	value, _ := strconv.ParseFloat(fields[0], 64)
	return value
}
