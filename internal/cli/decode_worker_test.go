package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWorkersEndWithAKilledRun kills a run that decodes, and looks for its decode workers.
func TestWorkersEndWithAKilledRun(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("this system does not tell what processes run")
	}
	run, stderr := pretrainCommand(tinyClips(t, 8), filepath.Join(t.TempDir(), "run"), "--epochs", "100000", "--workers", "2", "--frame-rate", "12.0625")
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 1000 {
		if found = workersOfRate("12.0625"); found == 2 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait() // "signal: killed"
	if found != 2 {
		t.Fatalf("%d workers ran, want 2\n%s", found, stderr)
	}
	for range 500 {
		if found = workersOfRate("12.0625"); found == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d workers outlive the run", found)
}

// workersOfRate counts the decode workers on this machine that were started with a frame rate which no other test has.
func workersOfRate(rate string) (n int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline") // a sound pattern
	for _, line := range lines {
		text, err := os.ReadFile(line)
		if err == nil && strings.Contains(string(text), "\x00"+decodeWorker+"\x00") && strings.HasSuffix(string(text), "\x00"+rate+"\x00") {
			n++
		}
	}
	return n
}
