package convert

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"videomae/engine"
	"videomae/internal/given"
	"videomae/weights/checkpoint"
)

// theirs is what transformers says of a folder.
type theirs struct {
	Wrong   map[string][]string `json:"wrong"`
	Mean    []float64           `json:"mean"`
	Labels  map[string]string   `json:"labels"`
	Outputs []float32           `json:"outputs"`
}

// side runs the script of the other side.
func side(t *testing.T, python string, args ...string) {
	t.Helper()
	cmd := exec.Command(python, append([]string{"testdata/transformers_side.py"}, args...)...)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "OMP_NUM_THREADS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// Folders that transformers writes are read by us, and folders that we write of them are read by it, with equal outputs. Its norms have eps
// of their own, which makes a difference of about 1e-5.
func TestTransformersReadsAndWritesTheSame(t *testing.T) {
	python, dir := given.Python(t, "transformers", "torch"), t.TempDir()
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	side(t, python, "make", dir)
	var jobs [][3]string
	ours := map[string][]float32{} // outputs, by the file with the other side's
	for _, kind := range []checkpoint.Kind{checkpoint.Pretrain, checkpoint.Classifier, checkpoint.Encoder} {
		hub := filepath.Join(dir, string(kind))
		outputs, clip := ourSide(t, backend, hub, kind)
		for _, step := range []Options{{In: hub, Out: hub + "-native", To: Native}, {In: hub + "-native", Out: hub + "-again", To: Hub}} {
			if _, err := Run(context.Background(), step); err != nil {
				t.Fatal(err)
			}
		}
		for _, folder := range []string{hub, hub + "-again"} {
			jobs = append(jobs, [3]string{folder, clip, folder + ".json"})
			ours[folder+".json"] = outputs
		}
	}
	list := filepath.Join(dir, "jobs.json")
	if err := writeJSON(list, jobs); err != nil {
		t.Fatal(err)
	}
	side(t, python, "run", list)
	for answer, want := range ours {
		text, err := os.ReadFile(answer)
		if err != nil {
			t.Fatal(err)
		}
		var got theirs
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(answer)
		d := largestDifference(want, got.Outputs)
		if d > 1e-4 || len(got.Wrong) > 0 || !slices.Equal(got.Mean, []float64{0.485, 0.456, 0.406}) || strings.HasPrefix(name, "classifier") && got.Labels["1"] != "jump" {
			t.Errorf("%s: differs by %g, loading: %v, mean %v, labels %v", name, d, got.Wrong, got.Mean, got.Labels)
		}
		t.Logf("%s: %d outputs differ by %.2g", name, len(want), d)
	}
}

// ourSide runs a folder of the hub on a clip, which it writes beside the folder.
func ourSide(t *testing.T, backend compute.Backend, hub string, kind checkpoint.Kind) (outputs []float32, clipFile string) {
	t.Helper()
	c, err := Open(hub, checkpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m := c.Model
	if m.Kind != kind {
		t.Errorf("a %s was taken for a %s", kind, m.Kind)
	}
	source, err := c.Complete(FirstValues)
	if err != nil {
		t.Fatal(err)
	}
	clip, mask, err := fixedClip(m)
	if err != nil {
		t.Fatal(err)
	}
	if outputs, err = Outputs(backend, m, source, clip, mask); err != nil {
		t.Fatal(err)
	}
	clipFile = hub + "-clip.json"
	if err := writeJSON(clipFile, map[string]any{"values": clip, "shape": []int{1, m.Frames, m.Height, m.Width, m.Channels}, "mask": mask}); err != nil {
		t.Fatal(err)
	}
	return outputs, clipFile
}
