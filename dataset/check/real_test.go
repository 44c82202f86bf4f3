package check

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"videomae/dataset"
	"videomae/internal/given"
	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/video/imagedir"
)

// system is the decoder by ffmpeg processes.
func system(t *testing.T) (video.Decoder, *ffmpeg.Decoder) {
	t.Helper()
	d, err := ffmpeg.New(0)
	if err != nil {
		t.Skip(err)
	}
	return video.Mux{Files: d, Folders: imagedir.Decoder{FPS: 25}}, d
}

func encode(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", append([]string{"-nostdin", "-loglevel", "error", "-y"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
}

// Files that ffmpeg makes: sound ones, unusual ones, and damaged ones of which only the deep check finds each.
func TestFilesOfEveryKind(t *testing.T) {
	d, program := system(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	source := []string{"-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "80", "-c:v", "libx264", "-pix_fmt", "yuv420p"}
	encode(t, append(source, "-movflags", "+faststart", at("good.mp4"))...)
	encode(t, "-i", at("good.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", at("turned.mp4"))
	encode(t, "-i", at("good.mp4"), "-vf", "select='lt(n,30)+not(mod(n,3))'", "-fps_mode", "passthrough", at("uneven.mkv"))
	encode(t, "-f", "lavfi", "-i", "mandelbrot=size=161x89:rate=25", "-frames:v", "80", "-c:v", "mpeg4", at("odd.avi"))
	encode(t, "-i", at("good.mp4"), "-vf", "scale=160:120", "-crf", "35", at("small.mp4"))
	encode(t, "-i", at("good.mp4"), "-vf", "hflip", at("mirrored.mp4"))
	encode(t, append(slices.Replace(slices.Clone(source), 3, 4, "color=red:size=320x240:rate=25"), at("still.mp4"))...)
	good, err := os.ReadFile(at("good.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	for i := len(flipped) / 2; i < len(flipped)*3/4; i += 97 {
		flipped[i] ^= 0x10
	}
	for name, data := range map[string][]byte{"cut.mp4": good[:len(good)*3/4], "flipped.mp4": flipped, "text.mp4": []byte("no video\n"), "renamed.avi": good} {
		if err := os.WriteFile(at(name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at("folder.mp4"), 0o777); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name string
		code []Code
	}{
		{"good.mp4", nil}, {"turned.mp4", []Code{Rotated}}, {"uneven.mkv", []Code{TooShort, VariableRate}}, {"odd.avi", []Code{OddSize, Tiny}},
		{"small.mp4", []Code{SamePictures}}, {"mirrored.mp4", []Code{NearDuplicate}}, {"still.mp4", []Code{Still}},
		{"cut.mp4", []Code{Unreadable, Damaged}}, {"flipped.mp4", []Code{Damaged}}, {"text.mp4", []Code{Unreadable}},
		{"renamed.avi", []Code{WrongName, SameBytes}}, {"folder.mp4", []Code{Unreadable}},
	}
	var rows []any
	for _, w := range want {
		rows = append(rows, row(dir, w.name, "a", "train"))
	}
	o := usual()
	o.Size = 180
	o.Deep = program.Whole
	got, _ := verdicts(t, listed(rows...), d, o)
	for i, w := range want {
		have := codes(got[i])
		if len(w.code) == 0 && len(have) > 0 || len(w.code) > 0 && !slices.ContainsFunc(w.code, func(c Code) bool { return slices.Contains(have, c) }) {
			t.Errorf("%s: %+v, want %v", w.name, got[i].Findings, w.code)
		}
	}
	o.Deep = nil
	if got, _ := verdicts(t, listed(row(dir, "cut.mp4", "a", "train")), d, o); got[0].Level != Error {
		t.Errorf("a file that is cut off passes: %+v", got[0])
	}
}

// Of real clips, encoded anew in several ways, the copies are found, and none of the others is taken for one.
func TestRealCopiesAreFound(t *testing.T) {
	d, _ := system(t)
	root := given.Clips(t)
	dir := t.TempDir()
	names := []string{"fightsurv/fight/fi001.mp4", "fightsurv/fight/fi077.mp4", "fightsurv/noFight/nofi070.mp4", "fightsurv/noFight/nofi073.mp4"} // the last two of one camera
	ways := map[string][]string{
		"crf":  {"-crf", "35"},
		"half": {"-vf", "scale=trunc(iw/4)*2:trunc(ih/4)*2", "-crf", "30"},
		"flip": {"-vf", "hflip", "-crf", "30"},
	}
	var rows []any
	var copies []string
	for _, name := range names {
		path := filepath.Join(root, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		rows = append(rows, dataset.Item{Name: name, Path: path, Label: "a", Split: "train"})
	}
	originals := len(rows)
	for _, original := range rows[:originals] {
		item := original.(dataset.Item)
		for way, args := range ways {
			out := way + "-" + filepath.Base(item.Path)
			encode(t, append(append([]string{"-i", item.Path}, args...), "-c:v", "libx264", "-preset", "ultrafast", "-an", filepath.Join(dir, out))...)
			rows, copies = append(rows, row(dir, out, "a", "val")), append(copies, filepath.Base(item.Path))
		}
	}
	got, s := verdicts(t, listed(rows...), d, usual())
	for i, v := range got {
		var others []string
		for _, f := range v.Findings {
			if f.Other != nil {
				others = append(others, f.Other.Name)
			}
		}
		if i < originals {
			if len(others) > 0 {
				t.Errorf("%s is taken for a copy of %v", v.Name, others)
			}
			continue
		}
		original := func(name string) bool { return filepath.Base(name) == copies[i-originals] }
		if !slices.ContainsFunc(others, original) {
			t.Errorf("%s is not found to be a copy, but %v", v.Name, others)
		}
	}
	if s.Leaks != len(copies) {
		t.Errorf("%d leaks of %d", s.Leaks, len(copies))
	}
}
