package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videomae/eval"
	"videomae/finetune"
	"videomae/internal/given"
	"videomae/train"
)

// TestMainJobOnRealClips pre-trains for a few steps on real videos and reconstructs others, an AVI among them.
func TestMainJobOnRealClips(t *testing.T) {
	data := given.Clips(t)
	out := t.TempDir()
	run := filepath.Join(out, "run")
	var summary train.Summary
	runJSON(t, &summary, "pretrain", "--recipe", "laptop-tiny", "--data", filepath.Join(data, "clips.csv"), "--size", "64", "--mask-ratio", "0.75",
		"--decoder-depth", "1", "--steps", "6", "--batch", "2", "--reconstruct-steps", "6", "--out", run, "--json")
	if summary.Progress.Updates != 6 || !(summary.Loss > 0.5 && summary.Loss < 2) || len(summary.Unreadable) > 0 {
		t.Errorf("%+v: want 6 updates, a loss about 1 and every clip readable", summary)
	}
	for _, video := range []string{"decode/mm_demo.mp4", "decode/mm_test.avi", "fightsurv/fight/fi011.mp4"} {
		var shown reconstructed
		runJSON(t, &shown, "reconstruct", "--checkpoint", run, "--video", filepath.Join(data, video), "--out", out, "--json")
		for _, file := range []string{shown.Sheet, shown.GIF, shown.MP4} {
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
		}
		if len(shown.Frames) != 16 || !(shown.Loss > 0) {
			t.Errorf("%s: %+v: want 16 frames and a loss", video, shown)
		}
	}
}

// TestClassifierOnRealClips goes from a few labelled real videos to a judged classifier and uses it.
func TestClassifierOnRealClips(t *testing.T) {
	data := given.Clips(t)
	out := t.TempDir()
	list, run, judged := filepath.Join(out, "few.csv"), filepath.Join(out, "run"), filepath.Join(out, "judged")
	few, err := fewOfEach(filepath.Join(data, "clips.csv"), 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, []byte(few), 0o666); err != nil {
		t.Fatal(err)
	}
	var tuned finetune.Summary
	runJSON(t, &tuned, "finetune", "--data", list, "--root", data, "--init", "none", "--frames", "8", "--size", "64", "--set", "model.encoder_depth=2",
		"--epochs", "2", "--batch", "4", "--out", run, "--json")
	if tuned.Progress.Updates != 6 || tuned.Validation == nil || tuned.Validation.N != 8 || tuned.Validation.Unreadable != 0 || len(tuned.Unreadable) > 0 {
		t.Errorf("%+v: want 6 updates and 8 readable videos to validate on", tuned)
	}
	var summary eval.Summary
	runJSON(t, &summary, "evaluate", "--checkpoint", tuned.Best, "--data", list, "--root", data, "--views", "5x3", "--out", judged, "--json")
	if summary.N != 8 || summary.Unreadable != 0 || summary.Views != "5x3" || !(summary.Top5 == 100 && summary.CI95[0] <= summary.Top1 && summary.Top1 <= summary.CI95[1]) {
		t.Errorf("%+v: want 8 videos, each among the first 4 of 4 classes, and an interval around top-1", summary)
	}
	var classes any
	runJSON(t, &classes, "classify", filepath.Join(data, "decode/mm_demo.mp4"), "--checkpoint", tuned.Best, "--every", "1s", "--out", out, "--json")
	page := filepath.Join(out, "report.html")
	var written any
	runJSON(t, &written, "report", run, judged, "--out", page, "--json")
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("doing_exercises")) {
		t.Errorf("the report does not name the classes: %v", err)
	}
}

// fewOfEach takes the first rows of each label and split from a list.
func fewOfEach(path string, train, val int) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return "", err
	}
	few, seen := "path,label,split\n", map[string]int{}
	for _, row := range rows[1:] {
		key := row[1] + row[2]
		if seen[key]++; seen[key] <= map[string]int{"train": train, "val": val}[row[2]] {
			few += strings.Join(row, ",") + "\n"
		}
	}
	return few, nil
}

// runJSON runs the program and reads what it prints.
func runJSON(t *testing.T, result any, args ...string) {
	t.Helper()
	text, err := exec.Command("videomae", args...).Output()
	if err != nil {
		t.Fatalf("videomae %v: %v", args, err)
	}
	if err := json.Unmarshal(text, result); err != nil {
		t.Fatalf("videomae %v printed %s: %v", args, text, err)
	}
}
