package cli

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/dataset/pack"
	"videomae/video/mp4"
)

// packClips writes a list that names a folder of noise, which does not compress, often enough to fill several of the smallest shards.
func packClips(t *testing.T) string {
	t.Helper()
	if err := mp4.Check(); err != nil { // without ffmpeg no decoder starts
		t.Skip(err)
	}
	const side, frames, clips = 160, 12, 12
	dir := t.TempDir()
	noise := image.NewGray(image.Rect(0, 0, side, side))
	for n := range frames {
		for i := range noise.Pix {
			noise.Pix[i] = uint8(rand.Uint32())
		}
		var file bytes.Buffer
		if err := png.Encode(&file, noise); err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, filepath.Join(dir, "noise", fmt.Sprintf("img_%05d.png", n)), file.Bytes())
	}
	list := filepath.Join(dir, "clips.csv")
	writeTestFile(t, list, []byte("path\n"+strings.Repeat("noise\n", clips)))
	return list
}

func writeTestFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func packCommand(list, out string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.Command("videomae", "pack", list, "--out", out, "--shard-mib", "1", "--quality", "99", "--workers", "2")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	return c, &stderr
}

// packFiles reads the files of a pack, without those in the making.
func packFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(dir, "[a-z]*[a-z]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if filepath.Ext(path) == ".part" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(data)
	}
	return files
}

// TestKilledPackGoesOn kills the program again and again while it writes a shard.
func TestKilledPackGoesOn(t *testing.T) {
	list := packClips(t)
	straight, disturbed := filepath.Join(t.TempDir(), "straight"), filepath.Join(t.TempDir(), "disturbed")
	whole, stderr := packCommand(list, straight)
	if err := whole.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	want := packFiles(t, straight)
	if len(want) < 5 {
		t.Fatalf("%d files are too few shards for this test", len(want))
	}
	for range 4 {
		before := packFiles(t, disturbed)
		c, stderr := packCommand(list, disturbed)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		waitForPart(t, disturbed, len(before), stderr)
		time.Sleep(time.Duration(rand.IntN(80)) * time.Millisecond)
		_ = c.Process.Signal(syscall.SIGKILL) // it may have ended
		<-ended
		after := packFiles(t, disturbed)
		for name, data := range before {
			if name != pack.File && after[name] != data {
				t.Errorf("%s was written again", name)
			}
		}
		for name, data := range after {
			if name != pack.File && data != want[name] {
				t.Errorf("%s is not what the undisturbed pack has", name)
			}
		}
	}
	last, stderr := packCommand(list, disturbed)
	if err := last.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	if !maps.Equal(packFiles(t, disturbed), want) {
		t.Error("the killed pack ended with other files")
	}
}

// waitForPart waits until a shard is in the making and, if there were any files before, one more is finished; or all is done.
func waitForPart(t *testing.T, dir string, before int, stderr *bytes.Buffer) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		parts, _ := filepath.Glob(filepath.Join(dir, "shard-*.part")) // the pattern is sound
		if len(parts) > 0 && len(packFiles(t, dir)) > before {
			return
		}
		if d, err := pack.Describe(dir); err == nil && d.Complete {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no shard was begun within a minute")
		}
	}
}

// TestFullDiskKeepsFinishedShards runs into the end of a small file system, then goes on with more room.
func TestFullDiskKeepsFinishedShards(t *testing.T) {
	list := packClips(t)
	disk := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk).Run(); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	defer func() {
		if err := exec.Command("umount", disk).Run(); err != nil {
			t.Errorf("umount %s: %v", disk, err)
		}
	}()
	out := filepath.Join(disk, "pack")
	c, stderr := packCommand(list, out)
	if err := c.Run(); err == nil || !strings.Contains(stderr.String(), "no space left on device") || !strings.Contains(stderr.String(), "shard-0") {
		t.Fatalf("got %v, want a failure that names the shard and says that the disk is full\n%s", err, stderr)
	}
	d, err := pack.Verify(context.Background(), out, 1, func(int, int) {})
	if err != nil || d.Complete || len(d.Shards) == 0 {
		t.Fatalf("%d finished shards, complete: %v, %v", len(d.Shards), d.Complete, err)
	}
	n := 0
	for _, s := range d.Shards {
		for item, err := range pack.Items(filepath.Join(out, s.File)) {
			if err != nil {
				t.Fatal(err)
			}
			if _, err := (pack.Decoder{}).Probe(context.Background(), item.Path); err != nil {
				t.Error(err)
			}
			n++
		}
	}
	if n != d.Covered() {
		t.Errorf("%d clips can be read, want %d", n, d.Covered())
	}
	if err := exec.Command("mount", "-o", "remount,size=20m", disk).Run(); err != nil {
		t.Fatal(err)
	}
	again, stderr := packCommand(list, out)
	if err := again.Run(); err != nil || !strings.Contains(stderr.String(), "going on after") {
		t.Errorf("%v\n%s", err, stderr)
	}
}

// TestInterruptedPackSaysHowToGoOn sends what Ctrl-C sends.
func TestInterruptedPackSaysHowToGoOn(t *testing.T) {
	list := packClips(t)
	out := filepath.Join(t.TempDir(), "pack")
	c, stderr := packCommand(list, out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitForPart(t, out, 0, stderr)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(stderr.String(), "the same command goes on") {
		t.Errorf("exit status %d (%v), want 130 and how to go on\n%s", code, err, stderr)
	}
	if left, err := filepath.Glob(filepath.Join(out, "*.part")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
