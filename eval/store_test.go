package eval

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// started puts the first n videos into a new folder.
func started(t *testing.T, p Predictions, n int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "out")
	s := open(t, folder, p.About)
	for _, v := range p.Videos[:n] {
		if err := s.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

func open(t *testing.T, folder string, about About) *Store {
	t.Helper()
	s, err := OpenStore(folder, about)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// finish adds what is not there and ends the evaluation.
func finish(t *testing.T, s *Store, p Predictions) Predictions {
	t.Helper()
	for _, v := range p.Videos {
		if s.Done(v.Index) {
			continue
		}
		if err := s.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Finish(len(p.Videos))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestInterruptedEvaluationGoesOn(t *testing.T) {
	p := made(8, 3, 2, 2, 0.5, 1)
	p.Videos[1], p.Videos[6] = unreadable(p.Videos[1]), unreadable(p.Videos[6])
	folder := started(t, p, 4)
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("half an evaluation opens: %v", err)
	}
	s := open(t, folder, p.About)
	if s.Kept != 3 || s.Dropped != 0 || s.Complete() || !s.Done(0) || s.Done(1) || s.Done(4) {
		t.Errorf("kept %d, dropped %d", s.Kept, s.Dropped)
	}
	if _, err := s.Finish(8); err == nil {
		t.Error("half an evaluation can be finished")
	}
	if got := finish(t, s, p); !reflect.DeepEqual(got, p) {
		t.Errorf("%+v\nwant %+v", got, p)
	}
	got, err := Open(folder)
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("file: %v\n%+v\nwant %+v", err, got, p)
	}
	if _, err := os.Stat(filepath.Join(folder, JournalFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the journal is left behind")
	}
	again := open(t, folder, p.About)
	if !again.Complete() || !again.Done(1) || again.Add(p.Videos[0]) == nil {
		t.Error("a finished evaluation is not seen as such")
	}
	if got := finish(t, again, p); !reflect.DeepEqual(got, p) {
		t.Error("a finished evaluation changed")
	}
}

// TestJournalOfAnyLengthGoesOn cuts a journal within every part of it, as a kill or a power cut may.
func TestJournalOfAnyLengthGoesOn(t *testing.T) {
	p := made(3, 2, 1, 2, 0.5, 1)
	whole, err := os.ReadFile(filepath.Join(started(t, p, 3), JournalFile))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for n := 0; n < len(whole); n += 1 + n%29 {
		for _, tail := range []string{"", strings.Repeat("\x00", 9), "\xff\xff\xff\x3fgarbage"} {
			if err := os.WriteFile(filepath.Join(folder, JournalFile), append(bytes.Clone(whole[:n]), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			if n < len(journalMagic) && tail != "" {
				continue // no file of ours
			}
			s := open(t, folder, p.About)
			if s.Kept > 3 || s.Kept == 3 && n < len(whole) {
				t.Fatalf("%d bytes of %d hold %d videos", n, len(whole), s.Kept)
			}
			if got := finish(t, s, p); !reflect.DeepEqual(got, p) {
				t.Fatalf("after %d bytes: %+v", n, got)
			}
			if err := os.Remove(filepath.Join(folder, PredictionsFile)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDamagedJournalLosesNoOtherVideo(t *testing.T) {
	p := made(6, 2, 1, 2, 0.5, 1)
	folder := started(t, p, 6)
	path := filepath.Join(folder, JournalFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-20] ^= 4 // of the last video's logits
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, folder, p.About)
	if s.Kept != 5 || s.Dropped == 0 {
		t.Errorf("kept %d, dropped %d bytes", s.Kept, s.Dropped)
	}
	if got := finish(t, s, p); !reflect.DeepEqual(got, p) {
		t.Error("other predictions")
	}
	if err := os.WriteFile(filepath.Join(folder, JournalFile), []byte("my thesis"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, PredictionsFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(folder, p.About); err == nil || !strings.Contains(err.Error(), JournalFile) {
		t.Errorf("another file is taken for a journal: %v", err)
	}
}

func TestResumingSomethingElseNamesTheDifference(t *testing.T) {
	p := made(4, 3, 2, 2, 0.5, 1)
	finished := started(t, p, 4)
	finish(t, open(t, finished, p.About), p)
	for _, folder := range []string{started(t, p, 2), finished} {
		for want, change := range map[string]func(*About){
			"checkpoint was run (weights m) and is other (weights n)": func(a *About) { a.Model, a.Checkpoint = "n", "other" },
			"data was list.csv":             func(a *About) { a.DataHash = "e" },
			"views was 2x2 and is 5x2":      func(a *About) { a.Temporal = 5 },
			"scheme was dense and is ssv2":  func(a *About) { a.Scheme = "ssv2" },
			"precision was f32 and is bf16": func(a *About) { a.Precision = "bf16" },
			"classes were":                  func(a *About) { a.Classes = []string{"x", "y", "z"} },
		} {
			about := p.About
			change(&about)
			_, err := OpenStore(folder, about)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), folder) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		about := p.About
		about.Engine, about.Checkpoint, about.Data = "xla:cuda", "/elsewhere/run", "/elsewhere/list.csv"
		if err := open(t, folder, about).Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTwoProcessesDoNotShareAFolder(t *testing.T) {
	p := made(2, 2, 1, 1, 1, 1)
	folder := started(t, p, 1)
	s := open(t, folder, p.About)
	if _, err := OpenStore(folder, p.About); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFullDiskLosesNothing fills a small file system with a journal; with room it goes on.
func TestFullDiskLosesNothing(t *testing.T) {
	disk := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk).Run(); err != nil {
		t.Skipf("no file system to fill can be mounted: %v", err)
	}
	t.Cleanup(func() { _ = exec.Command("umount", disk).Run() })
	p := made(40, 400, 2, 1, 0.5, 1) // 3.2 kB each
	s := open(t, filepath.Join(disk, "out"), p.About)
	added := 0
	var err error
	for _, v := range p.Videos {
		if err = s.Add(v); err != nil {
			break
		}
		added++
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), JournalFile) || added < 5 {
		t.Fatalf("after %d videos: %v", added, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, filepath.Join(disk, "out"), p.About); s.Kept != added || s.Dropped != 0 {
		t.Errorf("kept %d of %d videos, dropped %d bytes", s.Kept, added, s.Dropped)
	}
	if err := exec.Command("mount", "-o", "remount,size=1m", disk).Run(); err != nil {
		t.Skip(err)
	}
	if got := finish(t, s, p); !reflect.DeepEqual(got, p) {
		t.Error("other predictions")
	}
}

func TestFullDiskAtTheEndKeepsTheJournal(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	p := made(4, 3, 1, 1, 0.5, 1)
	folder := started(t, p, 4)
	if err := os.Symlink("/dev/full", filepath.Join(folder, PredictionsFile+".partial")); err != nil {
		t.Fatal(err)
	}
	s := open(t, folder, p.About)
	if _, err := s.Finish(4); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), PredictionsFile) {
		t.Errorf("full disk: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := finish(t, open(t, folder, p.About), p); !reflect.DeepEqual(got, p) {
		t.Error("other predictions")
	}
}

func TestDamagedPredictionsAreErrors(t *testing.T) {
	p := made(20, 3, 2, 2, 0.5, 1)
	path := filepath.Join(t.TempDir(), PredictionsFile)
	if err := p.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken.parquet")
	for n := 0; n < len(text); n += 97 {
		if err := os.WriteFile(broken, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(broken); err == nil || !strings.Contains(err.Error(), broken) {
			t.Fatalf("%d bytes of %d: %v", n, len(text), err)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), t.TempDir()} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
