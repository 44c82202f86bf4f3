package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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
