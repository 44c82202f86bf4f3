package isolated

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestQuarantineComesBack(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "quarantine.csv")
	paths := []string{filepath.Join(dir, "a, \"b\".mp4"), filepath.Join(dir, "\xff.mp4"), "relative.mp4"}
	for _, path := range paths { // as several runs, each with one file
		q, err := OpenQuarantine(list)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Add(path, "killed\nits \"worker\", twice"); err != nil {
			t.Fatal(err)
		}
	}
	q, err := OpenQuarantine(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if reason, known := q.Reason(path); !known || reason != "killed its \"worker\", twice" {
			t.Errorf("%s: %q, %v", path, reason, known)
		}
	}
	if _, known := q.Reason("other.mp4"); known || q.Len() != len(paths) {
		t.Errorf("%d in quarantine", q.Len())
	}
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(string(text)), "\n"); len(lines) != 1+len(paths) || lines[0] != "path,reason,when" {
		t.Errorf("%s", text)
	}
}

func TestRepairedFilesLeaveQuarantine(t *testing.T) {
	dir := t.TempDir()
	list, path := filepath.Join(dir, "q.csv"), filepath.Join(dir, "a.mp4")
	if err := os.WriteFile(path, []byte("video"), 0o666); err != nil {
		t.Fatal(err)
	}
	row := func(when time.Time) {
		text := "path,reason,when\n" + path + ",hangs," + when.UTC().Format(time.RFC3339) + "\n"
		if err := os.WriteFile(list, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		when  time.Time
		known bool
	}{{time.Now().Add(time.Hour), true}, {time.Now().Add(-time.Hour), false}} {
		row(c.when)
		q, err := OpenQuarantine(list)
		if err != nil {
			t.Fatal(err)
		}
		if _, known := q.Reason(path); known != c.known {
			t.Errorf("quarantined at %v, changed now: known is %v", c.when, known)
		}
	}
}

func TestRelativePathsInQuarantine(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("q.csv", []byte("path,reason,when\nclips/../a.mp4,hangs,2026-01-02T03:04:05Z\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	q, err := OpenQuarantine("q.csv")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("a.mp4")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"a.mp4", "./a.mp4", here} {
		if _, known := q.Reason(path); !known {
			t.Errorf("%s is not quarantined", path)
		}
	}
}

func TestTornQuarantineListIsMended(t *testing.T) {
	list := filepath.Join(t.TempDir(), "q.csv")
	whole := "path,reason,when\n/a.mp4,hangs,2026-01-02T03:04:05Z\n"
	for _, torn := range []string{"/b.mp4,\"ha", "/b.mp4,hangs,2026-01-02T03:04:05", "/"} {
		if err := os.WriteFile(list, []byte(whole+torn), 0o666); err != nil {
			t.Fatal(err)
		}
		q, err := OpenQuarantine(list)
		if err != nil || q.Len() != 1 {
			t.Fatalf("%q: %v, %d files", torn, err, q.Len())
		}
		if err := q.Add("/c.mp4", "dies"); err != nil {
			t.Fatal(err)
		}
		if q, err = OpenQuarantine(list); err != nil || q.Len() != 2 {
			t.Errorf("%q: %v, %d files", torn, err, q.Len())
		}
	}
}

func TestForeignQuarantineListsAreRefused(t *testing.T) {
	list := filepath.Join(t.TempDir(), "q.csv")
	for text, reason := range map[string]string{
		"path,label,split\n/a,b,c\n":       "not a quarantine list",
		"path,reason,when\n/a,b\n":         "wrong number of fields",
		"path,reason,when\n/a,b,monday\n":  "line 2",
		"path,reason,when\n\"/a\n,b,now\n": "\"",
		"\x00\x00\x00\x20ftypisom\n":       "fields",
	} {
		if err := os.WriteFile(list, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenQuarantine(list); err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), list) {
			t.Errorf("%q: %v, want %q", text, err, reason)
		}
	}
}

func TestQuarantineHoldsThoughItsListCannotBeWritten(t *testing.T) {
	q, err := OpenQuarantine(filepath.Join(t.TempDir(), "missing", "q.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Add("/a.mp4", "hangs"); err == nil {
		t.Error("no error")
	}
	if _, known := q.Reason("/a.mp4"); !known {
		t.Error("not quarantined")
	}
}

func FuzzReadQuarantine(f *testing.F) {
	f.Add([]byte("path,reason,when\n/a.mp4,hangs,2026-01-02T03:04:05Z\n"))
	f.Add([]byte("path,reason,when\n\"/a\n\",\"\"\"\",2026-01-02T03:04:05+01:00\n/b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = readQuarantine(data, func(path, _ string, when time.Time) { // whatever it says, no panic
			if path == "" {
				t.Error("a row without a path")
			}
		})
	})
}
