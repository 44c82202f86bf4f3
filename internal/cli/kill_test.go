package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/synth"
	"videomae/train"
	"videomae/video/mp4"
)

// minuteRun are flags of a run that is as small as runs get and saves after every step.
var minuteRun = []string{"--model", "tiny", "--frames", "2", "--stride", "1", "--size", "32", "--mask-ratio", "0.75", "--batch", "2",
	"--set", "model.encoder_width=24", "--set", "model.encoder_depth=1", "--set", "model.decoder_width=12", "--decoder-depth", "1",
	"--drop-path", "0.1", "--checkpoint-steps", "1", "--reconstruct-steps", "0", "--log-steps", "1", "--seed", "7", "--workers", "1"}

// tinyClips writes a few synthetic clips and returns their list.
func tinyClips(t *testing.T, n int) string {
	t.Helper()
	o := synth.Defaults()
	o.Clips, o.Height, o.Width, o.Frames, o.ValShare = n, 32, 32, 4, 0
	dir := t.TempDir()
	err := synth.Write(context.Background(), dir, o, func(int, int) {})
	if errors.Is(err, mp4.ErrNoFFmpeg) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, synth.Manifest)
}

// pretrainCommand is the program with the flags of minuteRun.
func pretrainCommand(list, out string, more ...string) (*exec.Cmd, *bytes.Buffer) {
	args := append([]string{"pretrain", "--data", list, "--out", out, "--split", "train"}, minuteRun...)
	c := exec.Command("videomae", append(args, more...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	return c, &stderr
}

// finalFiles reads what a finished run's newest checkpoint holds of the model and the optimiser.
func finalFiles(t *testing.T, out string) [2]string {
	t.Helper()
	folder, err := train.Newest(out)
	if err != nil {
		t.Fatal(err)
	}
	var files [2]string
	for i, name := range []string{"model.safetensors", "optimizer.safetensors"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		files[i] = string(text)
	}
	return files
}

// TestKilledRunEndsAsTheUninterruptedOne kills a run ten times at random moments, resumes it each time, and compares it
// with a run that nobody disturbed. Two updates gather gradients, so that kills fall into those too.
func TestKilledRunEndsAsTheUninterruptedOne(t *testing.T) {
	list := tinyClips(t, 16)
	const kills = 10
	flags := []string{"--epochs", "12", "--accumulate", "2", "--keep", "2"}
	straight, disturbed := filepath.Join(t.TempDir(), "straight"), filepath.Join(t.TempDir(), "disturbed")
	whole, stderr := pretrainCommand(list, straight, flags...)
	if err := whole.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	for i := range kills {
		began := newestStep(disturbed)
		c, stderr := pretrainCommand(list, disturbed, append(flags, "--resume")...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		waitForStep(t, disturbed, began+1+rand.IntN(3), stderr)
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		if err := c.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatalf("kill %d: the run had ended: %v\n%s", i, err, stderr)
		}
		_ = c.Wait() // it was killed
		if folder, err := train.Newest(disturbed); err != nil {
			t.Fatalf("kill %d: %v", i, err)
		} else if _, err := train.LoadCheckpoint(folder); err != nil {
			t.Fatalf("kill %d left a checkpoint that cannot be loaded: %v", i, err)
		}
	}
	last, stderr := pretrainCommand(list, disturbed, append(flags, "--resume")...)
	if err := last.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if finalFiles(t, straight) != finalFiles(t, disturbed) {
		t.Error("the killed and resumed run ended with other weights or moments")
	}
	if got, want := logSteps(t, disturbed), logSteps(t, straight); got != want {
		t.Errorf("metrics.jsonl after kills has steps %s, want %s", got, want)
	}
}

// newestStep is the step of a run's newest checkpoint, 0 if it has none.
func newestStep(out string) int {
	folder, err := train.Newest(out)
	if err != nil {
		return 0
	}
	step := 0
	_, _ = fmt.Sscanf(filepath.Base(folder), "step-%d", &step)
	return step
}

func waitForStep(t *testing.T, out string, step int, stderr *bytes.Buffer) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); newestStep(out) < step; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no checkpoint of step %d within a minute", step)
		}
	}
}

// logSteps lists the steps in a run's metrics.
func logSteps(t *testing.T, out string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for line := range strings.Lines(string(text)) {
		step, _, _ := strings.Cut(line, ",")
		steps = append(steps, step)
	}
	return strings.Join(steps, " ")
}

// TestFullDiskKeepsTheLastCheckpoint runs into the end of a small file system.
func TestFullDiskKeepsTheLastCheckpoint(t *testing.T) {
	list := tinyClips(t, 8)
	disk := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk).Run(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer func() {
		if err := exec.Command("umount", disk).Run(); err != nil {
			t.Errorf("umount %s: %v", disk, err)
		}
	}()
	out := filepath.Join(disk, "run")
	c, stderr := pretrainCommand(list, out, "--epochs", "100", "--keep", "1000")
	err := c.Run()
	if err == nil || !strings.Contains(stderr.String(), "no space left on device") || !strings.Contains(stderr.String(), "checkpoint") {
		t.Fatalf("got %v, want a failure that names the checkpoint and says that the disk is full\n%s", err, stderr)
	}
	folder, err := train.Newest(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.LoadCheckpoint(folder); err != nil {
		t.Errorf("the last good checkpoint is damaged: %v", err)
	}
}

// TestInterruptSavesAndSaysHowToGoOn sends what Ctrl-C sends.
func TestInterruptSavesAndSaysHowToGoOn(t *testing.T) {
	list := tinyClips(t, 8)
	out := filepath.Join(t.TempDir(), "run")
	c, stderr := pretrainCommand(list, out, "--epochs", "100000", "--keep", "2")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitForStep(t, out, 2, stderr)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(stderr.String(), "--resume") {
		t.Errorf("exit status %d (%v), want 130 and advice to --resume\n%s", code, err, stderr)
	}
	if _, err := os.Stat(filepath.Join(out, "checkpoints", fmt.Sprintf("step-%08d", newestStep(out)))); err != nil {
		t.Error(err)
	}
}
