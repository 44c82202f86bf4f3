package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func open(t *testing.T, name string) compute.Backend {
	t.Helper()
	backend, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	return backend
}

func TestUnknownEngineIsAnErrorThatListsTheKnown(t *testing.T) {
	_, err := Open("abacus")
	if err == nil || !strings.Contains(err.Error(), `"abacus"`) {
		t.Fatalf("got %v, want an error that names the engine", err)
	}
	for _, choice := range Choices() {
		if !strings.Contains(err.Error(), choice.Name) {
			t.Errorf("%q does not list %s", err, choice.Name)
		}
	}
}

func TestChoices(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Choices() {
		if seen[c.Name] || c.About == "" || c.Available != (c.Missing == "") {
			t.Errorf("%+v is listed twice or half described", c)
		}
		seen[c.Name] = true
		if c.Available {
			continue
		}
		if _, err := Open(c.Name); err == nil || !strings.Contains(err.Error(), c.Missing) {
			t.Errorf("opening %s: %v, want an error that tells what to do: %s", c.Name, err, c.Missing)
		}
	}
	if !seen[Default] {
		t.Errorf("the default engine, %s, is not listed", Default)
	}
}

func TestEnvironmentNamesTheEngineWhenTheCallerDoesNot(t *testing.T) {
	t.Setenv(compute.ConfigEnvVar, "abacus")
	if _, err := Open(""); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("got %v, want an error about the engine in the environment", err)
	}
	open(t, "go")
	t.Setenv(compute.ConfigEnvVar, "")
	open(t, "")
}

func TestEngineComputes(t *testing.T) {
	product, err := CallOnce(open(t, "go"), func(a, b *Node) *Node { return Dot(a, b).Product() }, [][]float32{{1, 2}, {3, 4}}, [][]float32{{5}, {6}})
	if err != nil {
		t.Fatal(err)
	}
	if got := tensors.MustCopyFlatData[float32](product); got[0] != 17 || got[1] != 39 {
		t.Errorf("product %v, want [17 39]", got)
	}
}

func TestPrecision(t *testing.T) {
	backend := open(t, "go")
	if dtype, roundOnly, err := Precision(backend, "f32"); dtype != dtypes.Float32 || roundOnly || err != nil {
		t.Errorf("f32: %v, %v, %v", dtype, roundOnly, err)
	}
	if dtype, roundOnly, err := Precision(backend, "bf16"); dtype != dtypes.BFloat16 || !roundOnly || err != nil {
		t.Errorf("bf16 on the go engine: %v, %v, %v, want operands rounded only", dtype, roundOnly, err)
	}
	for _, name := range []string{"", "f16", "F32"} {
		if _, _, err := Precision(backend, name); err == nil || !strings.Contains(err.Error(), "f32, bf16") {
			t.Errorf("precision %q: got %v, want an error that lists the precisions", name, err)
		}
	}
}

func TestTryTurnsPanicsIntoErrors(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		name string
		work func() error
		want string
	}{
		{"error returned", func() error { return cause }, "cause"},
		{"error thrown", func() error { panic(cause) }, "cause"},
		{"text thrown", func() error { panic("some text") }, "some text"},
		{"runtime error", func() error { var none []int; _ = none[len(none)]; return nil }, "index out of range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Try(c.work); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
	if err := Try(func() error { panic(cause) }); !errors.Is(err, cause) {
		t.Errorf("%v does not wrap its cause", err)
	}
	if err := Try(func() error { return nil }); err != nil {
		t.Errorf("work without a fault gave %v", err)
	}
}

func TestTryOnAGraphWithAMistake(t *testing.T) {
	backend := open(t, "go")
	err := Try(func() error {
		MustExecOnce(backend, func(a, b *Node) *Node { return Add(a, b) }, []float32{1, 2}, []float32{1, 2, 3})
		return nil
	})
	if err == nil {
		t.Error("adding tensors of different lengths gave no error")
	}
}
