package page

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"videomae/eval"
	"videomae/metrics"
	"videomae/recipe"
	"videomae/report"
)

// folder makes files, by their paths, in a new folder of the given name.
func folder(t *testing.T, name string, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), name)
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// logLines is a metrics file of some steps with a validation in every tenth.
func logLines(t *testing.T, steps int, validated bool) string {
	t.Helper()
	var text strings.Builder
	for step := 1; step <= steps; step++ {
		r := metrics.Record{Step: step, Epoch: float64(step) / 10, Loss: 2 / math.Sqrt(float64(step)), LR: 1e-3, GradNorm: 1, ClipsPerSecond: 20}
		if !validated {
			r.Baselines = map[string]float64{"zero": 1}
		} else if step%10 == 0 {
			r.Scores = map[string]float64{"val_top1": float64(step), "val_top5": 90, "val_mean_class": float64(step) - 1, "val_loss": 1}
		}
		line, err := r.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	return text.String()
}

// finetuned is a whole fine-tuning run.
func finetuned(t *testing.T, name string, overrides ...string) string {
	t.Helper()
	f := recipe.DefaultFinetune()
	for _, o := range overrides {
		if err := recipe.Set(&f, o); err != nil {
			t.Fatal(err)
		}
	}
	return folder(t, name, map[string]string{
		"metrics.jsonl":                             logLines(t, 50, true),
		"checkpoints/step-00000040/config.yaml":     "kind: finetune\nname: older\n",
		"checkpoints/step-00000050/config.yaml":     string(f.YAML()),
		"checkpoints/step-00000050/state.json":      `{"step":50,"updates":49,"epoch":5,"seconds":75.4}`,
		"checkpoints/step-00000050/provenance.json": `{"program":"videomae test","data":"clips.csv","clips":40}`,
		"checkpoints/.writing-step-00000060/x":      "",
	})
}

// evaluated writes an evaluation of so many videos in some classes; every fourth is taken for the next class, and the last cannot be read.
func evaluated(t *testing.T, into, checkpoint string, videos int, classes ...string) {
	t.Helper()
	p := eval.Predictions{About: eval.About{Classes: classes, Temporal: 2, Crops: 1, Scheme: "dense", Checkpoint: checkpoint, Data: "clips.csv", Split: "val"}}
	for i := range videos {
		label := i % len(classes)
		v := eval.Video{Index: i, Name: fmt.Sprintf("%s/%d.mp4", classes[label], i), Class: classes[label], Label: label}
		for temporal := range 2 {
			logits := make([]float32, len(classes))
			if i%4 == 3 {
				label = (i + 1) % len(classes)
			}
			logits[label] = 3 + float32(i)/100
			v.Views = append(v.Views, eval.View{Temporal: temporal, Logits: logits})
		}
		if i == videos-1 {
			v.Views, v.Error = nil, "moov atom not found"
		}
		p.Videos = append(p.Videos, v)
	}
	if err := os.MkdirAll(into, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(filepath.Join(into, eval.PredictionsFile)); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, folders ...string) []*Run {
	t.Helper()
	var runs []*Run
	for _, f := range folders {
		r, err := Open(f)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r)
	}
	return Attach(runs)
}

// render writes the page, checks its structure, and returns its source and its visible text.
func render(t *testing.T, runs []*Run) (source, text string) {
	t.Helper()
	var b bytes.Buffer
	if err := (Page{Title: "Test <&>", Program: "videomae", Made: time.Unix(0, 0), Runs: runs}).Write(&b); err != nil {
		t.Fatal(err)
	}
	source = b.String()
	balanced(t, source)
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	ids, links := map[string]bool{}, []string{}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			words = append(words, strings.Fields(n.Data)...)
		}
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script", "link", "iframe", "object", "embed", "base", "form":
			t.Errorf("the page has a %s element", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("id %s twice", a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
				links = append(links, a.Val[1:])
			case a.Key == "src" && strings.HasPrefix(a.Val, "data:image/"):
			case a.Key == "href" || strings.HasSuffix(a.Key, "src") || a.Key == "srcset" || a.Key == "action" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s has %s=%q, which leads out of the file", n.Data, a.Key, a.Val)
			}
		}
	}
	for _, l := range links {
		if !ids[l] {
			t.Errorf("a link leads to #%s, which is not there", l)
		}
	}
	for _, outside := range []string{"http://", "https://", "url(", "@import", "ZgotmplZ"} {
		if strings.Contains(source, outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
	return source, strings.Join(words, " ")
}

// balanced makes sure that every element that is opened is closed, in order; a browser would guess.
func balanced(t *testing.T, source string) {
	t.Helper()
	void := map[string]bool{"meta": true, "img": true, "input": true, "br": true}
	z := html.NewTokenizer(strings.NewReader(source))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF || len(open) > 0 {
				t.Errorf("the page ends with %v open (%v)", open, z.Err())
			}
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !void[string(name)] {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("%s is closed within %v", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func contains(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("the page lacks %q", w)
		}
	}
}

func TestWholeRun(t *testing.T) {
	run := finetuned(t, "my run", "model.size=small", "train.init=runs/pre")
	evaluated(t, filepath.Join(run, "evaluation"), filepath.Join(run, "checkpoints", "step-00000050"), 41, "pour", "stir", "cut")
	source, text := render(t, open(t, run))
	contains(t, text, "Test <&>", "my run", "Fine-tuning", "small, 16 frames of 224x224", "runs/pre", "50 (49 updates)", "1m15s",
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
