package check

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"videomae/video"
)

// twins finds, for each row, earlier rows with the same video. It holds no names, but hashes of 8 bytes in three tables (about 90 bytes a
// row) and prints.
type twins struct {
	store    *store
	paths    map[uint64]uint32 // row by path and part of it
	contents map[uint64]uint32 // row by content
	names    map[uint64]uint64 // hash of the path by that of the name without folders
	sameName int               // rows whose name an earlier row with another path has
	example  string            // one of these names
	splits   map[string]uint16
	split    []uint16 // by row
	frames   []uint32 // by row
	prints   *prints
}

func newTwins(s *store) *twins {
	return &twins{store: s, paths: map[uint64]uint32{}, contents: map[uint64]uint32{}, names: map[uint64]uint64{}, splits: map[string]uint16{}, prints: newPrints()}
}

// look adds to a verdict what it shares with earlier rows, and remembers it.
func (t *twins) look(v *Verdict) error {
	defer t.remember(*v)
	found := t.find(*v)
	for _, f := range found {
		if err := t.report(v, f); err != nil {
			return err
		}
	}
	return nil
}

// twin is an earlier row with the same video.
type twin struct {
	code Code
	match
}

// find returns at most two rows: the one that has most in common, and if that is of the same split, one of another.
func (t *twins) find(v Verdict) []twin {
	if row, listed := t.paths[pathKey(v)]; listed && v.Path != "" {
		return []twin{{code: ListedTwice, match: match{row: row}}}
	}
	if v.Failure != "" {
		return nil
	}
	if row, known := t.contents[contentKey(v)]; known && v.SHA256 != "" {
		return []twin{{code: SameBytes, match: match{row: row}}}
	}
	if v.Print == nil {
		return nil
	}
	var found []twin
	for _, m := range t.prints.find(*v.Print) {
		code := NearDuplicate
		if t.same(v, m) {
			code = SamePictures
		}
		found = append(found, twin{code, m})
	}
	return t.most(v, found)
}

// same tells whether a match shows the same pictures from beginning to end.
func (t *twins) same(v Verdict, m match) bool {
	return !m.mirrored && m.shift == 0 && m.motion <= sameMotion && m.scene <= sameScene && int(t.frames[m.row]) == v.Video.Frames
}

// most chooses from matches: the best, and the best of another split.
func (t *twins) most(v Verdict, found []twin) (chosen []twin) {
	split := t.number(v.Split)
	better := func(a, b twin) bool {
		if a.code != b.code {
			return a.code == SamePictures
		}
		if a.motion != b.motion {
			return a.motion < b.motion
		}
		return a.row < b.row
	}
	var best, beyond *twin
	for i := range found {
		f := &found[i]
		if best == nil || better(*f, *best) {
			best = f
		}
		if t.split[f.row] != split && (beyond == nil || better(*f, *beyond)) {
			beyond = f
		}
	}
	if best != nil {
		chosen = append(chosen, *best)
	}
	if beyond != nil && beyond.row != best.row {
		chosen = append(chosen, *beyond)
	}
	return chosen
}

// remember adds the row to the tables.
func (t *twins) remember(v Verdict) {
	row := uint32(len(t.split))
	t.split = append(t.split, t.number(v.Split))
	frames := 0
	if v.Video != nil {
		frames = v.Video.Frames
	}
	t.frames = append(t.frames, uint32(frames))
	if v.Path != "" {
		keepFirst(t.paths, pathKey(v), row)
		t.rememberName(v)
	}
	print := v.Print
	if v.Failure != "" {
		print = nil
	} else if v.SHA256 != "" {
		keepFirst(t.contents, contentKey(v), row)
	}
	t.prints.add(print)
}

// rememberName counts names without folders that several files have.
func (t *twins) rememberName(v Verdict) {
	name := hash64(baseName(v.Path))
	other, taken := t.names[name]
	switch path := hash64(v.Path); {
	case !taken:
		t.names[name] = path
	case other != path:
		t.sameName++
		if t.example == "" {
			t.example = baseName(v.Path)
		}
	}
}

func keepFirst(rows map[uint64]uint32, key uint64, row uint32) {
	if _, taken := rows[key]; !taken {
		rows[key] = row
	}
}

// number is a split's number, 0 for all beyond 65,535 of them.
func (t *twins) number(split string) uint16 {
	n, known := t.splits[split]
	if !known && len(t.splits) < 1<<16-1 {
		n = uint16(len(t.splits) + 1)
		t.splits[split] = n
	}
	return n
}

func pathKey(v Verdict) uint64 { return hash64(fmt.Sprint(v.First, v.Count, v.Path)) }

func contentKey(v Verdict) uint64 { return hash64(fmt.Sprint(v.First, v.Count, v.SHA256)) }

// hash64 is the beginning of a text's SHA-256. That two of 100,000 texts have the same one has a chance of 3e-10.
func hash64(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:])
}

// report adds the finding that a row repeats an earlier one.
func (t *twins) report(v *Verdict, f twin) error {
	other, err := t.store.read(f.row)
	if err != nil {
		return fmt.Errorf("results: row %d cannot be read again: %w", f.row+1, video.Reason(err))
	}
	leak, contrary := other.Split != v.Split, other.Label != v.Label
	level := Warning
	if leak && f.code != NearDuplicate || contrary && (f.code == ListedTwice || f.code == SameBytes) {
		level = Error
	}
	finding := Finding{Code: f.code, Level: level, Other: &Other{int(f.row) + 1, other.Name, other.Label, other.Split, f.mirrored}}
	finding.What = map[Code]string{
		ListedTwice:   "row %d of the list is the same file",
		SameBytes:     "has the same content as %s (row %d)",
		SamePictures:  "shows the same pictures as %s (row %d)",
		NearDuplicate: "shows pictures of %s (row %d), cut, covered or changed",
	}[f.code]
	if f.code == ListedTwice {
		finding.What = fmt.Sprintf(finding.What, other.Row)
	} else {
		finding.What = fmt.Sprintf(finding.What, other.Name, other.Row)
	}
	if f.mirrored {
		finding.What += ", left and right exchanged"
	}
	finding.Effect, finding.Remedy = "it counts twice in every epoch", "keep one of the two"
	if leak {
		finding.What += fmt.Sprintf(", which is in split %q", other.Split)
		finding.Effect, finding.Remedy = fmt.Sprintf("what %q measures has been seen in %q", v.Split, other.Split), "keep it in one split only"
	}
	if contrary {
		finding.What += fmt.Sprintf(", with label %q", other.Label)
		finding.Effect += "; the same pictures are taught as two classes"
	}
	v.add(finding)
	return nil
}
