package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/eval"
)

// tinyClassifier trains a classifier, as small as they get, for a step.
func tinyClassifier(t *testing.T, list string) string {
	t.Helper()
	run := filepath.Join(t.TempDir(), "tuned")
	c := exec.Command("videomae", "finetune", "--data", list, "--init", "none", "--out", run, "--model", "tiny", "--frames", "2", "--stride", "1", "--size", "32",
		"--set", "model.encoder_width=24", "--set", "model.encoder_depth=1", "--batch", "2", "--steps", "1", "--workers", "1")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return run
}

// journalBytes is how long an evaluation's journal is.
func journalBytes(folder string) int64 {
	info, err := os.Stat(filepath.Join(folder, eval.JournalFile))
	if err != nil {
		return 0
	}
	return info.Size()
}

// TestStoppedEvaluationGoesOn kills an evaluation, interrupts it, and lets it end: it then has the very scores of one that nobody disturbed.
func TestStoppedEvaluationGoesOn(t *testing.T) {
	list := tinyClips(t, 12)
	checkpoint := tinyClassifier(t, list)
	straight, disturbed := filepath.Join(t.TempDir(), "straight"), filepath.Join(t.TempDir(), "disturbed")
	var stderr bytes.Buffer
	command := func(out string) *exec.Cmd {
		c := exec.Command("videomae", "evaluate", "--checkpoint", checkpoint, "--data", list, "--split", "", "--views", "40x3", "--batch", "7", "--workers", "1", "--out", out)
		stderr.Reset()
		c.Stderr = &stderr
		return c
	}
	if err := command(straight).Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	for _, signal := range []os.Signal{syscall.SIGKILL, os.Interrupt} {
		before := journalBytes(disturbed)
		c := command(disturbed)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); journalBytes(disturbed) < before+3000; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no video was scored within a minute\n%s", &stderr)
			}
		}
		if err := c.Process.Signal(signal); err != nil {
			t.Fatalf("%v: it had ended: %v", signal, err)
		}
		err := c.Wait()
		if signal == os.Interrupt && (c.ProcessState.ExitCode() != 130 || !strings.Contains(stderr.String(), "Go on with the same command")) {
			t.Errorf("exit status %d (%v), want 130 and advice\n%s", c.ProcessState.ExitCode(), err, &stderr)
		}
		if _, err := eval.Open(disturbed); err == nil {
			t.Fatalf("%v came too late", signal)
		}
	}
	if err := command(disturbed).Run(); err != nil || !strings.Contains(stderr.String(), "going on after") {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	want, err := eval.Open(straight)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.Open(disturbed)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the stopped evaluation ended with other predictions (%v)", err)
	}
}
