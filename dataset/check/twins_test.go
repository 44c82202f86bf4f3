package check

import (
	"slices"
	"strings"
	"testing"
)

func TestDuplicates(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1", "b.mp4": "2", "copies/c.mp4": "1", "copies/b.mp4": "3", "d.mp4": "1"})
	got, s := verdicts(t, listed(
		row(dir, "a.mp4", "x", "train"),
		row(dir, "b.mp4", "x", "train"),
		row(dir, "copies/c.mp4", "x", "train"), // same bytes under another name
		row(dir, "copies/b.mp4", "y", "train"), // another video of the same name
		row(dir, "d.mp4", "x", "val"),          // the same bytes in another split
		row(dir, "a.mp4", "x", "train"),        // listed twice
		row(dir, "b.mp4", "y", "train"),        // and with another label
	), newFake(), usual())
	want := []struct {
		code  Code
		level Level
		other int
		part  string
	}{{}, {}, {SameBytes, Warning, 1, "a.mp4 (row 1)"}, {}, {SameBytes, Error, 1, `split "train"`}, {ListedTwice, Warning, 1, "row 1"}, {ListedTwice, Error, 2, `label "x"`}}
	for i, w := range want {
		v := got[i]
		if w.code == "" {
			if len(v.Findings) > 0 {
				t.Errorf("row %d: %+v", i+1, v.Findings)
			}
			continue
		}
		if len(v.Findings) != 1 || v.Findings[0].Code != w.code || v.Level != w.level || v.Findings[0].Other.Row != w.other || !strings.Contains(v.Findings[0].What, w.part) {
			t.Errorf("row %d: %+v, want %+v", i+1, v.Findings, w)
		}
	}
	if s.Leaks != 1 {
		t.Errorf("%d leaks", s.Leaks)
	}
	if i := slices.IndexFunc(s.Findings, func(f Finding) bool { return f.Code == SameNames }); i < 0 || !strings.HasPrefix(s.Findings[i].What, "1 files") {
		t.Errorf("findings of the list: %+v", s.Findings)
	}
}

// A repeat of a video in the other split is told even where one in the same split is more like it.
func TestLeaksAreToldBesideDuplicates(t *testing.T) {
	store, err := openStore("")
	if err != nil {
		t.Fatal(err)
	}
	defer store.close(nil)
	tw := newTwins(store)
	var last Verdict
	for i, split := range []string{"val", "train", "train"} {
		p := randomPrint(9, 7*(2-i), 0)
		last = Verdict{Row: i + 1, Name: split, Path: string(rune('a' + i)), Split: split, Level: OK, Facts: Facts{SHA256: string(rune('a' + i)), Video: &Video{Frames: 250}, Print: &p}}
		if err := tw.look(&last); err != nil {
			t.Fatal(err)
		}
		if err := store.append(last); err != nil {
			t.Fatal(err)
		}
	}
	if len(last.Findings) != 2 || last.Findings[0].Other.Row != 2 || last.Findings[1].Other.Split != "val" {
		t.Errorf("%+v", last.Findings)
	}
}
