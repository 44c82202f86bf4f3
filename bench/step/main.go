// Command step compares steps of this program, on each engine of its build, with PyTorch doing the same work.
//
//	go run ./bench/step -rounds 3 -cases small/1,small/4,base/1 -modes pretrain,finetune,infer -engines simd,go -out table.md
//
// Contenders take turns: every round runs each of them once, as a process of its own, so that what slows the machine for a while
// slows all of them. The PyTorch peer is a script that takes the flags of `videomae bench step` and prints the same JSON. What
// is not there is left out, and said so.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// options are the flags.
type options struct {
	videomae, peer, python   string
	rounds, steps            int
	cases, modes, precisions string // lists with commas between
	engines, variants        string
	out                      string
}

// task is what every contender of one comparison is asked to do.
type task struct {
	mode, size string
	batch      int
}

// entrant is a contender with what it measured of one task, a run for each round.
type entrant struct {
	contender
	runs   []measurement
	failed bool
}

func main() {
	var o options
	flag.StringVar(&o.videomae, "videomae", "bin/videomae", "this project's program (make build)")
	flag.StringVar(&o.peer, "peer", "../shared/peers/torch_step.py", "the PyTorch script")
	flag.StringVar(&o.python, "python", "python3", "Python that has PyTorch")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each contender runs")
	flag.IntVar(&o.steps, "steps", 5, "steps that a run times, after two that do not count")
	flag.StringVar(&o.cases, "cases", "small/1", "models with their batch")
	flag.StringVar(&o.modes, "modes", "pretrain", "pretrain, finetune, infer")
	flag.StringVar(&o.precisions, "precisions", "f32,bf16", "precisions of the engines")
	flag.StringVar(&o.engines, "engines", "", "engines to time (default: all of the build)")
	flag.StringVar(&o.variants, "peers", "f32,bf16,f32"+compiled+",bf16"+compiled, "variants of PyTorch to time")
	flag.StringVar(&o.out, "out", "", "Markdown file for the tables")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compareAll(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		os.Exit(1)
	}
}

// compareAll runs the tasks one after another and prints the table of each as soon as it is whole.
func compareAll(ctx context.Context, o options) error {
	tasks, err := o.tasks()
	if err != nil {
		return err
	}
	list, err := contenders(ctx, o)
	if err != nil {
		return err
	}
	report := fmt.Sprintf("%d CPUs, %s/%s. Best of %d steps in each of %d rounds, in which the contenders take turns: median (min..max).\n",
		runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, o.steps, o.rounds)
	fmt.Print(report)
	for _, t := range tasks {
		entrants, err := race(ctx, o, t, list)
		if err != nil {
			return err
		}
		section := fmt.Sprintf("\n%s, %s, batch %d\n\n%s", t.mode, t.size, t.batch, table(entrants))
		fmt.Print(section)
		report += section
		if o.out == "" {
			continue
		}
		if err := os.WriteFile(o.out, []byte(report), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// tasks are all cases in all modes.
func (o options) tasks() ([]task, error) {
	if o.rounds < 1 {
		return nil, fmt.Errorf("-rounds: %d rounds cannot be run, ask for at least 1", o.rounds)
	}
	var tasks []task
	for _, mode := range split(o.modes) {
		for _, text := range split(o.cases) {
			size, batch, _ := strings.Cut(text, "/")
			n, err := strconv.Atoi(batch)
			if err != nil || size == "" {
				return nil, fmt.Errorf("-cases: %q is not a size and a batch, as small/4 is", text)
			}
			tasks = append(tasks, task{mode, size, n})
		}
	}
	return tasks, nil
}

// race runs the rounds of one task. A PyTorch that fails is left out; an engine that fails ends the race.
func race(ctx context.Context, o options, t task, list []contender) ([]entrant, error) {
	entrants := make([]entrant, len(list))
	for i, c := range list {
		entrants[i].contender = c
	}
	for round := range o.rounds {
		for i := range entrants {
			e := &entrants[i]
			if e.failed {
				continue
			}
			m, err := e.run(ctx, t, o.steps)
			switch {
			case err == nil:
				e.runs = append(e.runs, m)
				fmt.Fprintf(os.Stderr, "%s %s/%d round %d/%d  %s  best %.4g s\n", t.mode, t.size, t.batch, round+1, o.rounds, e.name(), m.Best)
			case !e.peer || ctx.Err() != nil:
				return nil, err
			default:
				e.failed = true
				fmt.Fprintf(os.Stderr, "left out: %s: %v\n", e.name(), err)
			}
		}
	}
	return slices.DeleteFunc(entrants, func(e entrant) bool { return e.failed }), nil
}

// split cuts a list with commas between its items.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
