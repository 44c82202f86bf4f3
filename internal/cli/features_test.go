package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A killed run over several videos goes on where it was: what is there is whole and stays as it is, and the end is that of a run that nobody
// disturbed.
func TestKilledFeaturesGoOn(t *testing.T) {
	list := tinyClips(t, 10)
	run := filepath.Join(t.TempDir(), "run")
	if c, stderr := pretrainCommand(list, run, "--epochs", "1"); c.Run() != nil {
		t.Fatalf("%s", stderr)
	}
	videos, err := filepath.Glob(filepath.Join(filepath.Dir(list), "videos", "*.mp4"))
	if err != nil || len(videos) != 10 {
		t.Fatalf("%d videos, %v", len(videos), err)
	}
	command := func(out string) *exec.Cmd {
		return exec.Command("videomae", append([]string{"features", "--checkpoint", run, "--every", "10ms", "--pool", "none", "--batch", "1", "--out", out, "--json"}, videos...)...)
	}
	straight, disturbed := filepath.Join(t.TempDir(), "straight"), filepath.Join(t.TempDir(), "disturbed")
	if text, err := command(straight).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	killed := command(disturbed)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); len(featureFiles(t, disturbed)) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was written")
		}
	}
	if err := killed.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	before := featureFiles(t, disturbed)
	text, err := command(disturbed).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var report featuresReport
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if report.Skipped != len(before) || report.Done+report.Skipped != len(videos) {
		t.Errorf("%d done and %d skipped of %d, when %d were there", report.Done, report.Skipped, len(videos), len(before))
	}
	whole, after := featureFiles(t, straight), featureFiles(t, disturbed)
	for name, text := range whole {
		if after[name] != text || len(after) != len(whole) {
			t.Errorf("%s differs from that of the undisturbed run", name)
		}
		if was, there := before[name]; there && was != text {
			t.Errorf("%s was not whole when the run was killed", name)
		}
	}
}

// featureFiles reads the features in a folder by name.
func featureFiles(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if name, is := strings.CutSuffix(e.Name(), ".npy"); !is || strings.HasSuffix(name, ".times") || strings.HasSuffix(name, ".spans") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}
