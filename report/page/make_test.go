// Runs, evaluations and pages for tests.

package page

import (
	"bytes"
	"fmt"
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
		"checkpoints/step-00000050/state.json":      `{"step":50,"updates":49,"epoch":5,"seconds":75.4,"validation":{"best_epoch":4,"best_top1":41.25}}`,
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
