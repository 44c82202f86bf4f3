package lists

import (
	"bytes"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomae/internal/given"
)

// each yields items, and at the end an error, if any.
func each(items []Item, err error) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
		if err != nil {
			yield(Item{}, err)
		}
	}
}

// names lists what is below a folder.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestWrittenListsReadTheSame writes items in each form and reads them again.
func TestWrittenListsReadTheSame(t *testing.T) {
	items := []Item{
		{Name: "run/a_000001_000011.mp4", Label: "run", Split: "train"}, {Name: "air_drumming/b_000002_000012.mp4", Label: "air_drumming", Split: "train"},
		{Name: "run/c_000100_000110.mp4", Label: "run", Split: "val"},
	}
	labels, err := newLabels([]int{5, 9}, []string{"run", "air_drumming"})
	if err != nil {
		t.Fatal(err)
	}
	whole := []string{"run/a_000001_000011.mp4 run train", "air_drumming/b_000002_000012.mp4 air_drumming train", "run/c_000100_000110.mp4 run val"}
	for _, c := range []struct {
		kind  Kind
		out   string
		files []string
		want  []string // name, label, split
	}{
		{CSV, "a.csv", []string{"a.csv"}, whole},
		{Official, "d", []string{"labels.txt", "test.csv", "train.csv", "val.csv"}, whole},
		{Pretrain, "d", []string{"test.csv", "train.csv", "val.csv"}, []string{"run/a_000001_000011.mp4  train", "air_drumming/b_000002_000012.mp4  train", "run/c_000100_000110.mp4  val"}},
		{Kinetics, "a.csv", []string{"a.csv"}, []string{"a_000001_000011.mp4 run train", "b_000002_000012.mp4 air_drumming train", "c_000100_000110.mp4 run val"}},
		{SSV2, "d", []string{"labels.json", "train.json", "validation.json"}, []string{"a_000001_000011.webm run train", "b_000002_000012.webm air_drumming train", "c_000100_000110.webm run val"}},
		{UCF101, "d", []string{"classInd.txt", "testlist02.txt", "trainlist02.txt"}, []string{whole[0], whole[1], "run/c_000100_000110.mp4 run test"}},
		{HMDB51, "d", []string{"air_drumming_test_split2.txt", "run_test_split2.txt"}, []string{whole[1], whole[0], "run/c_000100_000110.mp4 run test"}},
	} {
		dir := t.TempDir()
		out, in := filepath.Join(dir, c.out), dir
		if c.out == "d" {
			in = out
		}
		written, err := Write(out, each(items, nil), Form{Kind: c.kind, Labels: &labels, Number: 2, Names: true})
		if err != nil {
			t.Errorf("%s: %v", c.kind, err)
			continue
		}
		if got := names(t, in); !slices.Equal(got, c.files) || len(written) != len(c.files) {
			t.Errorf("%s: files %v (%v), want %v", c.kind, got, written, c.files)
		}
		s, back := read(t, out, Options{Number: 2})
		var got []string
		for _, i := range back {
			got = append(got, i.Name+" "+i.Label+" "+i.Split)
		}
		if d := cmp.Diff(c.want, got); d != "" || s.Kind != c.kind && s.Kind != Official {
			t.Errorf("%s, read as %s:\n%s", c.kind, s.Kind, d)
		}
	}
}

// TestPublishedListsComeBack writes UCF101's lists in their own form, which gives the published bytes.
func TestPublishedListsComeBack(t *testing.T) {
	dir, out := given.Clips(t, "annotations", "ucf101"), filepath.Join(t.TempDir(), "out")
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(out, s.Rows(), Form{Kind: UCF101, Labels: s.Labels}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t, out) {
		want, err1 := os.ReadFile(filepath.Join(dir, name))
		got, err2 := os.ReadFile(filepath.Join(out, name))
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

func TestFoldersOfPicturesAreCounted(t *testing.T) {
	dir := tree(t, map[string]string{"one/img_00001.jpg": "", "one/img_00002.jpg": "", "five/img_00005.jpg": "", "five/img_00006.jpg": "", "gap/1.jpg": "", "gap/3.jpg": "", "clip.mp4": ""})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		kind Kind
		item Item
		want string // "" is an error
	}{
		{Pretrain, Item{Path: at("one")}, at("one") + " 1 2\n"}, {Pretrain, Item{Path: at("five")}, at("five") + " 5 2\n"},
		{Pretrain, Item{Path: at("five"), First: 7, Count: 30}, at("five") + " 7 30\n"}, {Pretrain, Item{Path: at("clip.mp4")}, at("clip.mp4") + " 0 -1\n"},
		{Pretrain, Item{Path: at("gap")}, ""}, {Frames, Item{Path: at("one"), Label: "4"}, at("one") + " 2 4\n"}, {Frames, Item{Path: at("five"), Label: "4"}, ""},
		{Frames, Item{Path: at("clip.mp4")}, ""},
	} {
		out := filepath.Join(t.TempDir(), "a.csv")
		_, err := Write(out, each([]Item{c.item}, nil), Form{Kind: c.kind})
		text, _ := os.ReadFile(out)
		if string(text) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %+v: %q, %v", c.kind, c.item, text, err)
		}
	}
}

func TestPathsOfOurFormBeginAtTheList(t *testing.T) {
	dir := t.TempDir()
	items := []Item{{Name: "x", Path: filepath.Join(dir, "sub", "b c.mp4")}, {Name: "y", Path: filepath.Join(filepath.Dir(dir), "z.mp4")}}
	out := filepath.Join(dir, "a.csv")
	if _, err := Write(out, each(items, nil), Form{Kind: CSV}); err != nil {
		t.Fatal(err)
	}
	_, back := read(t, out, Options{})
	if back[0].Name != "sub/b c.mp4" || back[0].Path != items[0].Path || back[1].Path != items[1].Path {
		t.Errorf("%+v", back)
	}
}

func TestNothingIsLeftOfAFailure(t *testing.T) {
	broken := errors.New("row is broken")
	train := Item{Name: "run/a.mp4", Label: "run", Split: "train"}
	for name, c := range map[string]struct {
		kind   Kind
		items  []Item
		err    error
		reason string
	}{
		"source":          {Pretrain, []Item{train}, broken, "row is broken"},
		"no number":       {Official, []Item{{Name: "a.mp4", Label: "1", Split: "train"}, {Name: "b.mp4", Label: "run", Split: "train", Row: 7}}, nil, `b.mp4 (row 7) cannot be written as official: the label "run" has no number`},
		"split name":      {Official, []Item{{Name: "a", Split: "../x"}}, nil, `split "../x" cannot name a file`},
		"kinetics name":   {Kinetics, []Item{train}, nil, "a list of kind kinetics is one file"},
		"ssv2 split":      {SSV2, []Item{train, {Name: "b", Split: "dev"}}, nil, `split "dev" is none of`},
		"ucf classes":     {UCF101, []Item{train}, nil, "need the names of the classes"},
		"hmdb class":      {HMDB51, []Item{train, {Name: "b", Label: "a/b", Split: "val"}}, nil, `class "a/b" cannot name a file`},
		"no such kind":    {Folders, []Item{train}, nil, `lists of kind "folders" cannot be written`},
		"boxes from none": {AVA, []Item{train}, nil, `lists of kind "ava" cannot be written`},
	} {
		dir := t.TempDir()
		written, err := Write(dir, each(c.items, c.err), Form{Kind: c.kind, Names: true})
		if err == nil || !strings.Contains(err.Error(), c.reason) || written != nil {
			t.Errorf("%s: error %v, want one with %q", name, err, c.reason)
		}
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("%s: leaves %v", name, left)
		}
	}
	if _, err := Write(filepath.Join("/proc", "none", "a.csv"), each([]Item{train}, nil), Form{Kind: CSV}); err == nil {
		t.Error("a folder that cannot be made was written to")
	}
}

func TestAnInterruptedListKeepsTheOldOne(t *testing.T) {
	out := filepath.Join(tree(t, map[string]string{"a.csv": "old"}), "a.csv")
	if _, err := Write(out, each([]Item{{Name: "x"}}, errors.New("stop")), Form{Kind: CSV, Names: true}); err == nil {
		t.Fatal("no error")
	}
	if text, _ := os.ReadFile(out); string(text) != "old" {
		t.Errorf("the list has become %q", text)
	}
}

func TestBoxesAreWrittenAsRead(t *testing.T) {
	file := given.Clips(t, "annotations", "ava", "ava_sample.csv")
	dir := t.TempDir()
	out := filepath.Join(dir, "a.csv")
	if _, err := WriteBoxes(out, Boxes(file), nil); err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile(file)
	if got, err := os.ReadFile(out); err != nil || !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(bytes.ReplaceAll(want, []byte("\r"), nil))) {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
	if _, err := WriteBoxes(out, Boxes(file), map[Moment]bool{{"0f39OWEqJ24", 902}: true, {"_-Z6wFjXtGQ", 902}: true}); err != nil {
		t.Fatal(err)
	}
	for b, err := range Boxes(out) {
		if err != nil || b.Second != 903 {
			t.Errorf("%+v, %v", b, err)
		}
	}
}
