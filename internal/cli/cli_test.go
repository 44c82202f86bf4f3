// Acceptance tests: scripts under testdata/script run the command itself, as a process of its own.

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"videomae/video/libav"
	"videomae/weights"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"videomae": func() { os.Exit(Main(os.Args[1:], System())) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status":      checkStatus,
			"jsonkeys":    checkKeys,
			"safetensors": writeTensor,
			"truncate":    truncate,
		},
		RequireExplicitExec: true,
		Condition: func(name string) (bool, error) { // [libav]: this build has that decoder
			if name != "libav" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return libav.Version() != "", nil
		},
		Setup: func(env *testscript.Env) error { // VIDEOMAE is for scripts that change PATH
			path, err := exec.LookPath("videomae")
			env.Setenv("VIDEOMAE", path)
			return err
		},
	})
}

// checkStatus runs a program and checks its exit status: status N PROGRAM ARGUMENTS...
func checkStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// checkKeys checks that a file (or stdout) holds a JSON object with these keys and no other: jsonkeys FILE KEYS...
func checkKeys(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &object))
	want := slices.Sorted(slices.Values(args[1:]))
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		ts.Fatalf("keys %q, want %q", got, want)
	}
}

// writeTensor writes a file with one tensor of zeros: safetensors FILE NAME DIMENSIONS...
func writeTensor(ts *testscript.TestScript, _ bool, args []string) {
	var shape []int
	size := 1
	for _, text := range args[2:] {
		n, err := strconv.Atoi(text)
		ts.Check(err)
		shape, size = append(shape, n), size*n
	}
	tensor, err := weights.FromFloat32s(args[1], shape, make([]float32, size))
	ts.Check(err)
	ts.Check(weights.Save(ts.MkAbs(args[0]), map[string]string{"family": "test"}, []weights.Tensor{tensor}))
}

// truncate cuts a file to a length in bytes: truncate FILE BYTES
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}
