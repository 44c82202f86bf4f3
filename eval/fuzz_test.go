package eval

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// FuzzTexts: whatever a file of the official form holds, it is an error or gives videos with as many scores as there are classes, which
// survive being written and read again.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"1, 1\na [1, 2] 0 0 0\n", "1, 1\na [b] [1,nan] 1 0 0\na [2, 3] 1 0 1\nc [0x1p3, inf] -1 4 2\n", "[", "\n\n]", "1\na [1] 7 0 0"} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, rankFile(0)), data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := ReadTexts(dir)
		if err != nil {
			if !strings.Contains(err.Error(), dir) {
				t.Fatalf("%v does not name the file", err)
			}
			return
		}
		for _, v := range p.Videos {
			for _, view := range v.Views {
				if v.Name == "" || len(view.Logits) != len(p.Classes) || v.Label >= len(p.Classes) {
					t.Fatalf("%+v", v)
				}
			}
		}
		if _, err := Judge(p, Options{}); err != nil && !strings.Contains(err.Error(), "video") {
			t.Fatal(err)
		}
	})
}

// FuzzJournal: a journal, whatever is in it, is an error or gives its whole records, which make the same journal again.
func FuzzJournal(f *testing.F) {
	p := made(2, 2, 1, 2, 1, 1)
	whole := []byte(journalMagic)
	whole = append(whole, frame([]byte(`{"classes":["a","b"]}`))...)
	for _, v := range append(p.Videos, unreadable(p.Videos[0])) {
		payload, err := encodeVideo(v)
		if err != nil {
			f.Fatal(err)
		}
		whole = append(whole, frame(payload)...)
		f.Add(payload, len(payload))
	}
	f.Add(whole, len(whole))
	f.Add(whole, 30)
	f.Add([]byte("VMEVAL1\n\xff\xff\xff\x00"), 12)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		data = data[:max(0, min(n, len(data)))]
		if _, err := decodeVideo(data); err == nil { // checksums keep most inputs from getting there
			data = append(append([]byte(journalMagic), frame([]byte("{}"))...), frame(data)...)
		}
		_, videos, size, err := readJournal(bytes.NewReader(data))
		if err != nil {
			return
		}
		if size > int64(len(data)) {
			t.Fatalf("%d bytes of %d are whole", size, len(data))
		}
		for _, v := range videos {
			payload, err := encodeVideo(v)
			if err != nil {
				t.Fatal(err)
			}
			again, err := decodeVideo(payload)
			if err != nil || again.Name != v.Name || len(again.Views) != len(v.Views) || again.Index != v.Index {
				t.Fatalf("%+v became %+v, %v", v, again, err)
			}
		}
		if _, again, _, err := readJournal(bytes.NewReader(data[:size])); err != nil || len(again) != len(videos) {
			t.Fatalf("%d videos, and %d without the rest, %v", len(videos), len(again), err)
		}
	})
}

// FuzzPredictions: a damaged Parquet file is an error, not a panic.
func FuzzPredictions(f *testing.F) {
	path := filepath.Join(f.TempDir(), PredictionsFile)
	p := made(3, 2, 1, 2, 1, 1)
	if err := p.Write(path); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, byte(0))
	for at := 0; at < len(whole); at += 41 {
		f.Add(at, byte(1))
	}
	f.Fuzz(func(t *testing.T, at int, flip byte) {
		data := bytes.Clone(whole)
		if at >= 0 && at < len(data) {
			data[at] ^= flip
		}
		broken := filepath.Join(t.TempDir(), PredictionsFile)
		if err := os.WriteFile(broken, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(broken)
		if flip == 0 && (err != nil || !reflect.DeepEqual(got, p)) {
			t.Fatalf("%v, %+v", err, got)
		}
	})
}
