package dataset

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files (name: content) into a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, path string, o Options) []Item {
	t.Helper()
	m, err := Load(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return m.Items
}

func TestCSVWithHeader(t *testing.T) {
	dir := tree(t, map[string]string{"list.csv": "\ufefflabel,note,path,split\r\n" +
		"run,x,clips/a.mp4,train\r\n\"jump, high\",,\"odd, \"\"name\"\".mp4\",val\r\n,,/data/c.mp4,train\r\n"})
	got := load(t, filepath.Join(dir, "list.csv"), Options{})
	want := []Item{
		{Name: "clips/a.mp4", Path: filepath.Join(dir, "clips/a.mp4"), Label: "run", Split: "train", Row: 2},
		{Name: `odd, "name".mp4`, Path: filepath.Join(dir, `odd, "name".mp4`), Label: "jump, high", Split: "val", Row: 3},
		{Name: "/data/c.mp4", Path: "/data/c.mp4", Split: "train", Row: 4},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := load(t, filepath.Join(dir, "list.csv"), Options{Split: "val"}); len(got) != 1 || got[0].Label != "jump, high" {
		t.Errorf("val: %+v", got)
	}
}

func TestOfficialList(t *testing.T) {
	frames := tree(t, map[string]string{"v_1/img_00001.jpg": ""})
	list := tree(t, map[string]string{"train.csv": "some/dir/a.mp4 12\n\n/data/with space.avi 3\nnodot 0\nb.webm 0 -1\n" + frames + "/v_1 7\n"})
	got := load(t, filepath.Join(list, "train.csv"), Options{})
	want := []Item{
		{Name: "some/dir/a.mp4", Path: "some/dir/a.mp4", Label: "12", Split: "train", Row: 1},
		{Name: "/data/with space.avi", Path: "/data/with space.avi", Label: "3", Split: "train", Row: 3},
		{Name: "nodot", Path: "nodot.mp4", Label: "0", Split: "train", Row: 4},
		{Name: "b.webm", Path: "b.webm", Split: "train", Row: 5},
		{Name: frames + "/v_1", Path: frames + "/v_1", Label: "7", Split: "train", Row: 6},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFolders(t *testing.T) {
	dir := tree(t, map[string]string{
		"run/b.mp4": "", "run/a.AVI": "", "run/readme.txt": "", "run/thumb.jpg": "", "jump/seq/img_1.jpg": "", "jump/seq/img_2.jpg": "",
		"loose.webm": "", ".cache/x.mp4": "", "run/.hidden.mp4": "", "empty/notes.md": "",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	want := []Item{
		{Name: "jump/seq", Path: at("jump/seq"), Label: "jump", Split: "train"},
		{Name: "loose.webm", Path: at("loose.webm"), Split: "train"},
		{Name: "run/a.AVI", Path: at("run/a.AVI"), Label: "run", Split: "train"},
		{Name: "run/b.mp4", Path: at("run/b.mp4"), Label: "run", Split: "train"},
	}
	if d := cmp.Diff(want, load(t, dir, Options{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Item{{Name: ".", Path: at("jump/seq"), Split: "train"}}, load(t, at("jump/seq"), Options{})); d != "" {
		t.Error(d)
	}
}

func TestHashSplitIsFairAndStable(t *testing.T) {
	const n, share = 20000, .2
	val := 0
	for i := range n {
		if HashSplit(fmt.Sprintf("clips/%d.mp4", i), share) == Val {
			val++
		}
	}
	if d := math.Abs(float64(val)/n - share); d > 4*math.Sqrt(share*(1-share)/n) {
		t.Errorf("%d of %d items fell to val", val, n)
	}
	// SHA-256 of "abc" begins with ba7816bf (FIPS 180-4), which is .728 of the range.
	if HashSplit("abc", .728) != Train || HashSplit("abc", .729) != Val {
		t.Error("the split of \"abc\" does not follow its published digest")
	}
}

func TestBadLists(t *testing.T) {
	for name, c := range map[string]struct{ content, reason string }{
		"empty":              {"", "lists no videos"},
		"header only":        {"path,label,split\n", "lists no videos"},
		"missing field":      {"path,label\na.mp4,1\nb.mp4\n", "row 3: wrong number"},
		"open quote":         {"path,label\n\"a.mp4,1\n", "row 2"},
		"empty path":         {"path,label\na.mp4,1\n ,2\n", "row 3"},
		"column twice":       {"path,label,path\na,b,c\n", `"path" appears twice`},
		"no header":          {"a.mp4,run\n", "row 1"},
		"label not a number": {"a.mp4 1\nb.mp4 run\n", "row 2"},
		"no label":           {"a.mp4\n", "row 1"},
		"binary":             {"\x00\x00\x00\x20ftypisom", "not a text file"},
		"unknown split":      {"path,split\na.mp4,train\nb.mp4,train\nc.mp4,test\n", `no items of split "val"; it has test (1), train (2)`},
	} {
		path := filepath.Join(tree(t, map[string]string{"list.csv": c.content}), "list.csv")
		_, err := Load(path, Options{Split: "val"})
		if err == nil || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q and the path", name, err, c.reason)
		}
	}
	if _, err := Load(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "lists no videos") {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.csv"), Options{}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing list: %v", err)
	}
	if _, err := Load(t.TempDir(), Options{ValShare: 1}); err == nil {
		t.Error("a validation share of 1 was accepted")
	}
}

func TestManifestHash(t *testing.T) {
	base := Manifest{Source: "x", Items: []Item{{Name: "a", Label: "1", Split: "train"}, {Name: "b"}}}
	moved := Manifest{Source: "y", Items: []Item{{Name: "a", Path: "/elsewhere/a", Label: "1", Split: "train"}, {Name: "b"}}}
	if base.Hash() != moved.Hash() {
		t.Error("the hash depends on where files are")
	}
	for name, m := range map[string]Manifest{
		"order":  {Items: []Item{base.Items[1], base.Items[0]}},
		"label":  {Items: []Item{{Name: "a", Label: "2", Split: "train"}, {Name: "b"}}},
		"border": {Items: []Item{{Name: "a1", Split: "train"}, {Name: "b"}}},
	} {
		if m.Hash() == base.Hash() {
			t.Errorf("the hash does not change with %s", name)
		}
	}
}
