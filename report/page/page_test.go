package page

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"videomae/recipe"
	"videomae/report"
)

func TestWholeRun(t *testing.T) {
	run := finetuned(t, "my run", "model.size=small", "train.init=runs/pre")
	evaluated(t, filepath.Join(run, "evaluation"), filepath.Join(run, "checkpoints", "step-00000050"), 41, "pour", "stir", "cut")
	source, text := render(t, open(t, run))
	contains(t, text, "Test <&>", "my run", "Fine-tuning", "small, 16 frames of 224x224", "runs/pre", "50 (49 updates)", "1m15s", "top-1 41.2 % after epoch 4",
		"top-1 (best 50, last 50)", "validation (last 1)", "Learning rate", "optim.layer_decay", "videomae test",
		"41 videos of clips.csv, split val; 2x1 views, merged by softmax", "1 unreadable, counted as wrong", "Surest mistakes", "shows pour")
	contains(t, source, "Test &lt;&amp;&gt;", "<polyline", "at step 50</title>")
	if strings.Contains(text, "older") {
		t.Error("the settings are not the newest checkpoint's")
	}
}

func TestSeveralRunsSideBySide(t *testing.T) {
	first, second := finetuned(t, "scratch", "optim.lr=1e-3"), finetuned(t, "scratch", "optim.lr=2e-3", "augment.flip=0")
	pretraining := folder(t, "pre", map[string]string{"metrics.jsonl": logLines(t, 30, false)})
	of := filepath.Join(t.TempDir(), "evaluation")
	evaluated(t, of, second, 20, "a", "b")
	alone := filepath.Join(t.TempDir(), "alone")
	evaluated(t, alone, "elsewhere", 20, "a", "b")
	runs := open(t, first, of, second, pretraining, alone)
	if len(runs) != 4 || len(runs[0].Evaluations) != 0 || len(runs[1].Evaluations) != 1 || runs[3].Kind != Evaluated {
		t.Fatalf("the evaluation was not given to its run: %d runs", len(runs))
	}
	source, text := render(t, runs)
	contains(t, text, "scratch (1)", "scratch (2)", "runs of the same kind differ are marked: 2", "Pre-training", "trivial predictor zero (1)", "Evaluation of scratch (2)", "Evaluation of alone")
	if n := strings.Count(source, `<tr class="differ"><th scope="row">optim.lr</th><td>0.001</td><td>0.002</td>`); n != 1 {
		t.Errorf("the setting that differs is marked %d times", n)
	}
	contains(t, source, `<tr class="same"><th scope="row">optim.beta1</th>`)
}

// Whatever is missing or damaged is named, and the rest shown.
func TestDamagedRuns(t *testing.T) {
	good := logLines(t, 12, true)
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"bad lines": {map[string]string{"metrics.jsonl": "nonsense\n" + good + "{\"loss\":1}\n" + `{"step":13,"lo`},
			[]string{"metrics.jsonl line 1 is not a record and left out", "metrics.jsonl line 14 is not a record and left out (it has no step)",
				"metrics.jsonl ends in the middle of line 15", "there is no checkpoint", "there are no reconstructions", "last 0."}},
		"many bad lines": {map[string]string{"metrics.jsonl": strings.Repeat("x\n", 100)}, []string{"95 more lines are no records", "holds no record"}},
		"no metrics":     {map[string]string{"checkpoints/step-00000001/config.yaml": "name: x\n"}, []string{"metrics.jsonl is missing", "state.json: is missing", "provenance.json: is missing"}},
		"empty metrics":  {map[string]string{"metrics.jsonl": ""}, []string{"holds no record"}},
		"never finite":   {map[string]string{"metrics.jsonl": `{"step":1,"loss":null,"lr":1e-4}` + "\n"}, []string{"Learning rate"}},
		"broken checkpoint": {map[string]string{"metrics.jsonl": good, "checkpoints/step-00000001/config.yaml": "a: [", "checkpoints/step-00000001/state.json": "{", "checkpoints/step-00000001/provenance.json": "[1]"},
			[]string{"config.yaml: is damaged: it is not YAML", "state.json: is damaged", "provenance.json: is damaged", "No settings are known"}},
		"half a picture": {map[string]string{"metrics.jsonl": good, "reconstructions/step-00000010.png": "\x89PNG\r\n\x1a\n", "reconstructions/.step.png.123": ""},
			[]string{"reconstruction step-00000010.png: is damaged or not finished"}},
		"broken evaluation":     {map[string]string{"metrics.jsonl": good, "eval/predictions.parquet": "PAR1"}, []string{"predictions.parquet: "}},
		"unfinished evaluation": {map[string]string{"metrics.jsonl": good, "eval/predictions.journal": ""}, []string{"not finished"}},
		"broken summary":        {map[string]string{"metrics.jsonl": good, "eval/summary.json": "{"}, []string{"eval"}},
		"only the best kept":    {map[string]string{"best/step-00000003/config.yaml": "kind: finetune\nname: best\n", "best/step-00000003/state.json": `{"step":3}`}, []string{"best/step-00000003", "Fine-tuning"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, text := render(t, open(t, folder(t, "run", c.files)))
			contains(t, text, c.want...)
		})
	}
}

func TestNoRunAtAll(t *testing.T) {
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "missing"):             "missing",
		t.TempDir():                                       "neither a run",
		folder(t, "f", map[string]string{"a": ""}) + "/a": "is a file",
	} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not contain %q", path, err, want)
		}
	}
	if err := (Page{}).Write(io.Discard); err == nil {
		t.Error("a page of nothing was written")
	}
}

// Nothing that a file says becomes markup.
func TestHostileText(t *testing.T) {
	const hostile = `</style></svg><script>alert("1")</script><img src=https://example.com/x onerror=alert(1)>`
	f := recipe.DefaultFinetune()
	f.Name, f.About = hostile, hostile
	run := folder(t, `a"'><b>&`, map[string]string{
		"metrics.jsonl":                             `{"step":1,"loss":1,"baselines":{` + fmt.Sprintf("%q", hostile) + `:1}}` + "\n",
		"checkpoints/step-00000001/config.yaml":     string(f.YAML()),
		"checkpoints/step-00000001/provenance.json": fmt.Sprintf(`{%q:%q}`, hostile, hostile),
	})
	evaluated(t, filepath.Join(run, "evaluation"), "", 30, hostile, `"><i>`)
	runs := open(t, run)
	for _, x := range runs[0].Evaluations[0].Examples() {
		x.Problem = hostile
	}
	runs[0].problem("%s", hostile)
	var b bytes.Buffer
	if err := (Page{Title: hostile, Program: hostile, Runs: runs}).Write(&b); err != nil {
		t.Fatal(err)
	}
	balanced(t, b.String())
	root, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "img" || n.Data == "i" && n.FirstChild != nil) {
			t.Errorf("text became an element %s", n.Data)
		}
	}
}

func TestPictures(t *testing.T) {
	run := folder(t, "run", map[string]string{"metrics.jsonl": logLines(t, 3, false)})
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	img.Set(1, 1, color.White)
	sheets := filepath.Join(run, "reconstructions")
	if err := os.Mkdir(sheets, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"00000100", "00000200", "00000300"} {
		if err := report.WritePNG(filepath.Join(sheets, "step-"+step+".png"), img); err != nil {
			t.Fatal(err)
		}
	}
	evaluated(t, filepath.Join(run, "evaluation"), "", 12, "a", "b")
	runs := open(t, run)
	frame, err := Encode(img)
	if err != nil {
		t.Fatal(err)
	}
	examples := runs[0].Evaluations[0].Examples()
	for _, x := range examples {
		x.Frames = []Data{frame, frame}
	}
	source, text := render(t, runs)
	if n := strings.Count(source, `src="data:image/png;base64,`); n != 2 {
		t.Errorf("%d reconstructions, want the first and the newest", n)
	}
	if n := strings.Count(source, `src="data:image/jpeg;base64,`); n != 2*len(examples) || n == 0 {
		t.Errorf("%d pictures of %d examples", n, len(examples))
	}
	contains(t, text, "after step 300", "after step 100")
}
