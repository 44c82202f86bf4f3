// Command step compares one training step of this program, on each engine of its build, with PyTorch doing the same work.
//
//	go run ./bench/step -rounds 3 -size small -batch 1 -precision f32
//
// Contenders take turns: every round runs each of them once, as a process of its own, so that what slows the machine for a while
// slows all of them. The PyTorch peer is a script that takes the flags of `videomae bench step` and prints the same JSON. What
// is not there is skipped, and said so.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
)

// options are the flags.
type options struct {
	videomae, peer, python string
	rounds, steps, batch   int
	size, precision        string
	engines                string
}

// contender is a program that times a step and prints JSON.
type contender struct {
	name    string
	command []string
}

func main() {
	var o options
	flag.StringVar(&o.videomae, "videomae", "bin/videomae", "this project's program (make build)")
	flag.StringVar(&o.peer, "peer", "../shared/peers/torch_step.py", "the PyTorch script")
	flag.StringVar(&o.python, "python", "python3", "Python that has PyTorch")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each contender runs")
	flag.IntVar(&o.steps, "steps", 5, "steps that a run times, after two that do not count")
	flag.StringVar(&o.size, "size", "small", "model size")
	flag.IntVar(&o.batch, "batch", 1, "clips of a step")
	flag.StringVar(&o.precision, "precision", "f32", "f32 or bf16")
	flag.StringVar(&o.engines, "engines", "", "engines to time, with commas between (default: all of the build)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		os.Exit(1)
	}
}

// compare runs the rounds and prints the table.
func compare(ctx context.Context, o options) error {
	if o.rounds < 1 {
		return fmt.Errorf("%d rounds: ask for at least 1", o.rounds)
	}
	ours, err := engines(ctx, o)
	if err != nil {
		return err
	}
	list := append(ours, torch(ctx, o)...)
	results := make([][]measurement, len(list)) // of each contender, by round
	for round := range o.rounds {
		for i, c := range list {
			m, err := c.run(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "round %d/%d  %s  best %.4g s\n", round+1, o.rounds, c.name, m.Best)
			results[i] = append(results[i], m)
		}
	}
	fmt.Printf("pretrain step, model %s, batch %d, %s; %d CPUs, %s/%s; best of %d steps in each of %d rounds: median (min..max)\n\n",
		o.size, o.batch, o.precision, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, o.steps, o.rounds)
	return table(os.Stdout, list, results)
}

// engines lists this project's contenders.
func engines(ctx context.Context, o options) ([]contender, error) {
	text, err := exec.CommandContext(ctx, o.videomae, "doctor", "--json").Output()
	var found struct {
		Engines []struct {
			Name, Missing string
			Available     bool
		}
	}
	if unread := json.Unmarshal(text, &found); unread != nil { // that doctor fails for lack of a decoder does not matter here
		return nil, fmt.Errorf("%s doctor --json: %w (make build builds it)", o.videomae, errors.Join(err, unread))
	}
	var list []contender
	for _, e := range found.Engines {
		switch {
		case o.engines != "" && !strings.Contains(","+o.engines+",", ","+e.Name+","):
		case !e.Available:
			fmt.Fprintf(os.Stderr, "skipped: %s: %s\n", e.Name, e.Missing)
		default:
			list = append(list, contender{e.Name, append([]string{o.videomae, "bench", "step", "--json", "--engine", e.Name}, o.work()...)})
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("none of the engines asked for (%s) is available", o.engines)
	}
	return list, nil
}

// torch is the peer, if it can run here.
func torch(ctx context.Context, o options) []contender {
	if _, err := os.Stat(o.peer); err != nil {
		fmt.Fprintf(os.Stderr, "skipped: PyTorch: no script: %v (name it with -peer)\n", err)
		return nil
	}
	if said, err := exec.CommandContext(ctx, o.python, "-c", "import torch").CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		fmt.Fprintf(os.Stderr, "skipped: PyTorch: %s: %v: %s (name a Python that has it with -python)\n", o.python, err, lines[len(lines)-1])
		return nil
	}
	threads := strconv.Itoa(runtime.NumCPU())
	return []contender{{peerName, append([]string{o.python, o.peer, "--threads", threads}, o.work()...)}}
}

// work is what every contender is asked to do.
func (o options) work() []string {
	return []string{"--mode", "pretrain", "--size", o.size, "--batch", strconv.Itoa(o.batch), "--precision", o.precision, "--steps", strconv.Itoa(o.steps)}
}

// run runs a contender once.
func (c contender) run(ctx context.Context) (measurement, error) {
	command := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	var complaints strings.Builder
	command.Stderr = &complaints
	text, err := command.Output()
	if err != nil {
		return measurement{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.command, " "), err, &complaints)
	}
	var m measurement
	if err := json.Unmarshal(text, &m); err != nil || m.Best <= 0 {
		return measurement{}, fmt.Errorf("%s printed no measurement: %q", strings.Join(c.command, " "), text)
	}
	return m, nil
}
