package onnx

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"videomae/internal/given"
	"videomae/internal/graphtest"
)

// job is a file for ONNX Runtime to run, as the script takes it.
type job struct {
	Model  string               `json:"model"`
	Inputs map[string]jobsInput `json:"inputs"`
	Answer string               `json:"answer"`
}

type jobsInput struct {
	File  string `json:"file"`
	Shape []int  `json:"shape"`
	Type  string `json:"type"`
}

// answered is what ONNX Runtime says.
type answered struct {
	Problem string               `json:"problem"`
	Outputs map[string][]float32 `json:"outputs"`
	Unknown []string             `json:"unknown"` // values whose shape it does not find
}

// newJob writes a trial for the script.
func newJob(t *testing.T, c trial, limit int64) job {
	t.Helper()
	j := job{Model: c.written(t, limit), Inputs: map[string]jobsInput{}}
	folder := filepath.Dir(j.Model)
	j.Answer = filepath.Join(folder, "answer.json")
	for name, a := range c.inputs {
		var data []byte
		for _, v := range a.v {
			if a.kind == Int64 {
				data = binary.LittleEndian.AppendUint64(data, uint64(v))
			} else {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
			}
		}
		in := jobsInput{filepath.Join(folder, name), a.shape, a.kind.String()}
		if err := os.WriteFile(in.File, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j.Inputs[name] = in
	}
	return j
}

// ONNX Runtime computes what we do, for every kind of model, build and batch.
func TestONNXRuntimeComputesTheSame(t *testing.T) {
	python := given.Python(t, "onnx", "onnxruntime", "numpy")
	backend := graphtest.Open(t)
	checkInRuntime(t, python, append(append(featureTrials(t, backend), classifierTrials(t, backend)...), reconstructionTrials(t, backend)...))
}

// It computes what the official code did. All cases are run where tests are to have their full length.
func TestONNXRuntimeComputesWhatTheOfficialCodeDoes(t *testing.T) {
	python := given.Python(t, "onnx", "onnxruntime", "numpy")
	most := int64(1 << 20)
	if given.Long(t) {
		most = math.MaxInt64
	}
	checkInRuntime(t, python, goldenTrials(t, most))
}

// checkInRuntime runs trials in ONNX Runtime, every other one with its weights beside the file. The format's own checker and its inference
// of shapes must have nothing to say.
func checkInRuntime(t *testing.T, python string, list []trial) {
	t.Helper()
	var jobs []job
	for i, c := range list {
		limit := int64(0)
		if i%2 == 1 {
			limit = 1
		}
		jobs = append(jobs, newJob(t, c, limit))
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	all := filepath.Join(t.TempDir(), "jobs.json")
	if err := os.WriteFile(all, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/onnxruntime_side.py", all)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, c := range list {
		text, err := os.ReadFile(jobs[i].Answer)
		if err != nil {
			t.Fatal(err)
		}
		var got answered
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Problem != "" || len(got.Unknown) > 0 {
			t.Errorf("%s: %s, no shapes of %v", c.name, got.Problem, got.Unknown)
			continue
		}
		for name, want := range c.want {
			graphtest.Near(t, c.name+": "+name, got.Outputs[name], graphtest.Doubles(want), max(c.limit, 1e-5))
			worst, largest := 0.0, 0.0
			for k, w := range want {
				worst, largest = max(worst, math.Abs(float64(got.Outputs[name][k]-w))), max(largest, math.Abs(float64(w)))
			}
			t.Logf("%s: %s differ by at most %.2g of %.3g", c.name, name, worst, largest)
		}
	}
}
