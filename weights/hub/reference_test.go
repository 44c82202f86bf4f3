package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	good := map[string]Reference{
		"hf:MCG-NJU/videomae-base":              {"MCG-NJU/videomae-base", "main"},
		"hf:a/b@v1.0":                           {"a/b", "v1.0"},
		"hf:a/b@refs/pr/1":                      {"a/b", "refs/pr/1"},
		"hf:o_1/n.2@" + strings.Repeat("a", 40): {"o_1/n.2", strings.Repeat("a", 40)},
	}
	for text, want := range good {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%s: %+v (%v)", text, got, err)
		}
	}
	if text := (Reference{"a/b", "main"}).String(); text != "hf:a/b" {
		t.Error(text)
	}
	for _, text := range []string{"a/b", "hf:", "hf:a", "hf:a/", "hf:/b", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b--c", "hf:a/.b", "hf:a/b@", "hf:a/b@../x", "hf:a/b@/x",
		"hf:a/b@x y", `hf:a/b@..\x`, "hf:a/b@x\n", "hf:a b/c", "hf:a/b?x", "hf:a/b@x?y", "hf:a/b@x/../../y"} {
		if got, err := Parse(text); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("%q: %+v (%v)", text, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("hf:a/b@c")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(ref.String())
		if err != nil || again != ref {
			t.Errorf("%q reads as %+v, which reads as %+v (%v)", text, ref, again, err)
		}
		c := Client{Cache: "cache"}
		for _, path := range []string{c.folder(ref), c.revisionFile(ref)} {
			if in, err := filepath.Rel("cache", path); err != nil || !filepath.IsLocal(in) || in == "." {
				t.Errorf("%q is kept at %q", text, path)
			}
		}
	})
}

// The cache and the token are where huggingface_hub has them.
func TestEnvironment(t *testing.T) {
	all := []string{"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}
	home := t.TempDir()
	for _, path := range []string{".cache/huggingface/token", "hf/token"} {
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("hf_of_"+filepath.Base(filepath.Dir(path))+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		set          map[string]string
		cache, token string
		offline      bool
	}{
		{nil, home + "/.cache/huggingface/hub", "hf_of_huggingface", false},
		{map[string]string{"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub", "", false},
		{map[string]string{"HF_HOME": "~/hf", "HF_HUB_OFFLINE": "1"}, home + "/hf/hub", "hf_of_hf", true},
		{map[string]string{"HF_HOME": "/none", "HUGGINGFACE_HUB_CACHE": "/old"}, "/old", "", false},
		{map[string]string{"HF_HOME": "/none", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/new", "HF_TOKEN": " abc\n", "HF_HUB_OFFLINE": "0"}, "/new", "abc", false},
		{map[string]string{"HF_TOKEN_PATH": home + "/hf/token", "TRANSFORMERS_OFFLINE": "YES"}, home + "/.cache/huggingface/hub", "hf_of_hf", true},
	}
	for _, c := range cases {
		for _, name := range all {
			t.Setenv(name, c.set[name])
		}
		t.Setenv("HOME", home)
		got, err := New()
		if err != nil || got.Cache != c.cache || got.token() != c.token || got.Offline != c.offline || got.Endpoint != "https://huggingface.co" {
			t.Errorf("%v: cache %s, token %q, offline %v, %s (%v)", c.set, got.Cache, got.token(), got.Offline, got.Endpoint, err)
		}
		if text := fmt.Sprintf("%+v %#v", got, *got); c.token != "" && strings.Contains(text, c.token) {
			t.Errorf("a printed client shows the token: %s", text)
		}
	}
	t.Setenv("HF_TOKEN", "abc\r\nX: y")
	if _, err := New(); err == nil || strings.Contains(err.Error(), "abc") {
		t.Errorf("a token of two lines: %v", err)
	}
}
