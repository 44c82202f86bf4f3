package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// two is an experiment of two arms, whose commands fake answers to.
func two(flag string) Experiment {
	arm := func(name string) Arm {
		return Arm{Name: name, Measured: name == "b", Commands: func(folder string, seed uint64) [][]string {
			return [][]string{{"make", name, flag}, {"judge", name, fmt.Sprint(seed)}}
		}}
	}
	return Experiment{Name: "two", Arms: []Arm{arm("a"), arm("b")}, Seeds: []uint64{0, 1}}
}

// fake answers with an accuracy that depends on the seed, and fails at the given call.
type fake struct{ calls, failAt int }

var errStop = errors.New("stopped")

func (f *fake) run(_ context.Context, args []string, out io.Writer) error {
	if f.calls++; f.calls == f.failAt {
		return errStop
	}
	if args[0] == "judge" {
		fmt.Fprintf(out, `{"top1": %s.0, "mean_class": 5, "n": 7, "ci95": [0, 100]}`, args[2])
	}
	return nil
}

func quiet(string) {}

// A stop loses one arm: the results before it are not made again.
func TestAStopLosesOneArm(t *testing.T) {
	folder := t.TempDir()
	stopped := &fake{failAt: 6} // the second command of the third of four results
	if _, err := two("x").Run(context.Background(), folder, stopped.run, quiet); !errors.Is(err, errStop) {
		t.Fatalf("got %v", err)
	}
	again := &fake{}
	results, err := two("x").Run(context.Background(), folder, again.run, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if again.calls != 4 || len(results) != 4 {
		t.Errorf("%d commands for %d results, want 4 for 4", again.calls, len(results))
	}
	table, err := two("x").Table(results)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("| b | 0.5 | +-%.1f | 0.0, 1.0 | 5.0 | 7 |\n", math.Sqrt(0.5)); !strings.HasSuffix(table, want) || strings.Contains(table, "| a |") {
		t.Errorf("table:\n%swant the row %s", table, want)
	}
}

func TestResultsOfOtherSettingsAreRefused(t *testing.T) {
	folder := t.TempDir()
	if _, err := two("x").Run(context.Background(), folder, (&fake{}).run, quiet); err != nil {
		t.Fatal(err)
	}
	if _, err := two("y").Run(context.Background(), folder, (&fake{}).run, quiet); err == nil || !strings.Contains(err.Error(), "x is now y") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(folder, "results", "a-0.json")
	if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := two("x").Run(context.Background(), folder, (&fake{}).run, quiet); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("damaged result: got %v", err)
	}
}

// Every arm starts from what an arm before it has made, and names the data.
func TestPaysIsWhole(t *testing.T) {
	e := Pays{Data: "list", Recipes: "r", PerClass: 20, Views: "1x1", Seeds: []uint64{3}}.Experiment()
	made := map[string]bool{"none": true}
	for _, arm := range e.Arms {
		for _, args := range arm.Commands("x", 3) {
			line := strings.Join(args, " ")
			if !strings.Contains(line, "--data list") || !strings.Contains(line, "--json") {
				t.Errorf("%s: %s", arm.Name, line)
			}
			for i, arg := range args {
				switch arg {
				case "--init", "--checkpoint":
					if !made[strings.TrimSuffix(args[i+1], "/checkpoints")] {
						t.Errorf("%s starts from %s, which nothing has made", arm.Name, args[i+1])
					}
				case "--out":
					made[args[i+1]] = true
				}
			}
		}
	}
}
