package eval

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// texts writes files 0.txt, 1.txt...
func texts(t *testing.T, files ...string) string {
	t.Helper()
	folder := t.TempDir()
	for i, text := range files {
		if err := os.WriteFile(filepath.Join(folder, rankFile(i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTextsAreRead(t *testing.T) {
	p, err := ReadTexts(texts(t,
		"50.0, 100.0\nplay [guitar] x [0.5, -1e-05, 3] 2 0 0\r\nb [1,2,nan] 1 1 2\n",
		"50.0, 100.0\nb [1, 2, 4] 1 0 0\nb [7, 7, 7] 0 0 0\nc [1, 2, 4] 9 0 1\nd [1, 2, 4] -1 0 1"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Views() != "2x3" || !slices.Equal(p.Classes, []string{"0", "1", "2"}) || !p.Official || len(p.Videos) != 4 {
		t.Errorf("%+v", p)
	}
	if v := p.Videos[0]; v.Name != "play [guitar] x" || v.Label != 2 || v.Class != "2" || !reflect.DeepEqual(v.Views, []View{{0, 0, []float32{0.5, -1e-5, 3}}}) {
		t.Errorf("%+v", v)
	}
	if v := p.Videos[1]; len(v.Views) != 2 || v.Views[1].Logits[2] != 4 || v.Label != 1 {
		t.Errorf("%+v: the second line of a view must not count", v)
	}
	if v := p.Videos[2]; v.Label != -1 || v.Class != "9" {
		t.Errorf("%+v: the model lacks class 9", v)
	}
	if v := p.Videos[3]; v.Label != -1 || v.Class != "" {
		t.Errorf("%+v", v)
	}
	if _, err := Judge(p, Options{}); err == nil || !strings.Contains(err.Error(), "video b, view 1, crop 2") {
		t.Errorf("a score that is not a number: %v", err)
	}
}

func TestBadTextsNameFileAndLine(t *testing.T) {
	for want, files := range map[string][]string{
		"0.txt: the file is empty":                    {""},
		"0.txt: line 1 holds a view":                  {"a [1] 0 0 0\n"},
		"0.txt: line 2: no logits":                    {"1, 1\nthesis\n"},
		"0.txt: line 2: no id":                        {"1, 1\n [1] 0 0 0\n"},
		`1.txt: line 3: video b: logit "x"`:           {"1, 1\n", "1, 1\na [1] 0 0 0\nb [x] 0 0 0\n"},
		`0.txt: line 2: video a: logit "1e99"`:        {"1, 1\na [1e99] 0 0 0\n"},
		`0.txt: line 2: video a: logit ""`:            {"1, 1\na [] 0 0 0\n"},
		"0.txt: line 2: video a: 2 fields":            {"1, 1\na [1] 0 0\n"},
		`0.txt: line 2: video a: "-1" cannot`:         {"1, 1\na [1] 0 -1 0\n"},
		"0.txt: line 3: video b: 2 logits":            {"1, 1\na [1] 0 0 0\nb [1, 2] 0 0 0\n"},
		"0.txt: line 3: video a has label 1":          {"1, 1\na [1, 2] 0 0 0\na [1, 2] 1 0 1\n"},
		"hold no views":                               {"1, 1\n"},
		`0.txt: line 2: video a: "99999999999999999"`: {"1, 1\na [1] 0 0 99999999999999999\n"},
	} {
		_, err := ReadTexts(texts(t, files...))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	folder := texts(t, "1, 1\na [1] 0 0 0\n", "1, 1\n", "1, 1\n")
	if err := os.Remove(filepath.Join(folder, "1.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadTexts(folder); err == nil || !strings.Contains(err.Error(), "not 1.txt") {
		t.Errorf("a process's file is missing: %v", err)
	}
}

func TestTextsAreWritten(t *testing.T) {
	p := made(7, 3, 2, 2, 0.5, 1)
	p.Videos[2] = unreadable(p.Videos[2])
	folder := filepath.Join(t.TempDir(), "new")
	left, err := WriteTexts(folder, p, 2)
	if err != nil || !slices.Equal(left, []string{p.Videos[2].Name}) {
		t.Errorf("left out %v, %v", left, err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 1+3*4 || !strings.HasPrefix(lines[1], p.Videos[1].Name+" [") || !strings.HasSuffix(lines[12], "] 2 1 1") {
		t.Errorf("%d lines\n%s", len(lines), text)
	}
	back, err := ReadTexts(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Videos) != 6 || back.Views() != "2x2" {
		t.Fatalf("%+v", back)
	}
	for _, v := range back.Videos {
		i := slices.IndexFunc(p.Videos, func(w Video) bool { return w.Name == v.Name })
		if i < 0 || v.Label != p.Videos[i].Label || !reflect.DeepEqual(v.Views, p.Videos[i].Views) {
			t.Errorf("%+v", v)
		}
	}
	p.Videos[0].Name = "a [b].mp4"
	if _, err := WriteTexts(folder, p, 1); err == nil || !strings.Contains(err.Error(), "a [b].mp4") {
		t.Error(err)
	}
}
