// The programs that are compared: this project's on each engine and in each precision, and variants of PyTorch.

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// contender is a program that times a step and prints JSON.
type contender struct {
	peer      bool     // PyTorch, which the others are compared with
	what      string   // engine, or variant of PyTorch
	precision string   // f32 or bf16
	command   []string // to which the task is added
}

// compiled ends the name of a variant of PyTorch that torch.compile works on; before it stands the precision.
const compiled = "+compile"

// name is what tables call a contender.
func (c contender) name() string {
	if c.peer {
		return "PyTorch " + c.what
	}
	return c.what + " " + c.precision
}

// contenders lists the engines asked for and then the variants of PyTorch, as far as they are there.
func contenders(ctx context.Context, o options) ([]contender, error) {
	text, err := exec.CommandContext(ctx, o.videomae, "doctor", "--json").Output()
	var found struct{ Engines []engine }
	if unread := json.Unmarshal(text, &found); unread != nil { // that doctor fails for lack of a decoder does not matter here
		return nil, fmt.Errorf("%s doctor --json: %w (make build builds it)", o.videomae, errors.Join(err, unread))
	}
	names, absent := choose(found.Engines, split(o.engines))
	for _, line := range absent {
		fmt.Fprintln(os.Stderr, "left out:", line)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no engine to time: none of those asked for (%s) is available", o.engines)
	}
	var list []contender
	for _, name := range names {
		for _, precision := range split(o.precisions) {
			list = append(list, contender{what: name, precision: precision,
				command: []string{o.videomae, "bench", "step", "--json", "--engine", name, "--precision", precision}})
		}
	}
	peers, err := torch(ctx, o)
	if err != nil {
		fmt.Fprintf(os.Stderr, "left out: PyTorch: %v\n", err)
	}
	return append(list, peers...), nil
}

// engine is what doctor tells of one.
type engine struct {
	Name, Missing string
	Available     bool
}

// choose gives the names of the engines that are asked for and available (all, where none is asked for), and says what is missing of the others.
func choose(found []engine, asked []string) (names, absent []string) {
	if len(asked) == 0 {
		for _, e := range found {
			asked = append(asked, e.Name)
		}
	}
	for _, name := range asked {
		i := slices.IndexFunc(found, func(e engine) bool { return e.Name == name })
		switch {
		case i < 0:
			absent = append(absent, name+": this build has no such engine")
		case !found[i].Available:
			absent = append(absent, name+": "+found[i].Missing)
		default:
			names = append(names, name)
		}
	}
	return names, absent
}

// torch lists the variants of the peer, if it can run here.
func torch(ctx context.Context, o options) ([]contender, error) {
	if _, err := os.Stat(o.peer); err != nil {
		return nil, fmt.Errorf("no script: %w (name it with -peer)", err)
	}
	if said, err := exec.CommandContext(ctx, o.python, "-c", "import torch").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s (name a Python that has it with -python)", o.python, err, lastLine(said))
	}
	threads := strconv.Itoa(runtime.GOMAXPROCS(0))
	var list []contender
	for _, name := range split(o.variants) {
		precision, compile := strings.CutSuffix(name, compiled)
		if precision != "f32" && precision != "bf16" {
			return nil, fmt.Errorf("-peers: %q is not f32 or bf16, with or without %s", name, compiled)
		}
		command := []string{o.python, o.peer, "--threads", threads, "--precision", precision}
		if compile {
			command = append(command, "--compile")
		}
		list = append(list, contender{peer: true, what: name, precision: precision, command: command})
	}
	return list, nil
}

// run runs a contender once.
func (c contender) run(ctx context.Context, t task, steps int) (measurement, error) {
	flags := []string{"--mode", t.mode, "--size", t.size, "--batch", strconv.Itoa(t.batch), "--steps", strconv.Itoa(steps)}
	command := exec.CommandContext(ctx, c.command[0], slices.Concat(c.command[1:], flags)...)
	var complaints strings.Builder
	command.Stderr = &complaints
	text, err := command.Output()
	if err != nil {
		return measurement{}, fmt.Errorf("%s: %w: %s", strings.Join(command.Args, " "), err, lastLine([]byte(complaints.String())))
	}
	m, err := parse(text, t, c.precision)
	if err != nil {
		return measurement{}, fmt.Errorf("%s: %w", strings.Join(command.Args, " "), err)
	}
	return m, nil
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// measurement is what a contender prints of one run.
type measurement struct {
	Mode, Size, Precision string
	Batch                 int
	Best                  float64 `json:"best_s"`
	ClipsPerSecond        float64 `json:"clips_per_s"`
	PeakMiB               float64 `json:"peak_rss_mib"`
}

// parse reads what a contender printed, and checks that it did the task.
func parse(text []byte, t task, precision string) (measurement, error) {
	var m measurement
	if err := json.Unmarshal(text, &m); err != nil || m.Best <= 0 {
		return m, fmt.Errorf("printed no measurement: %q", text)
	}
	if did := (task{m.Mode, m.Size, m.Batch}); did != t || m.Precision != precision {
		return m, fmt.Errorf("measured %v in %s, asked for %v in %s", did, m.Precision, t, precision)
	}
	return m, nil
}
