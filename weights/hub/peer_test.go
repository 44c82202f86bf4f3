package hub

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/internal/given"
	"videomae/weights/hub/hubtest"
)

// theirs fetches files as other programs of the hub do, from the server or from the cache alone.
const theirs = `
import sys
from huggingface_hub import hf_hub_download
for name in sys.argv[2:]:
    path = hf_hub_download("` + hubtest.Repository + `", name, local_files_only=sys.argv[1] == "cache")
    sys.stdout.buffer.write(open(path, "rb").read())
`

// What huggingface_hub fetches is found here, and what is fetched here is found by it.
func TestSharesTheCache(t *testing.T) {
	python := given.Python(t, "huggingface_hub")
	srv := hubtest.New(t, folder(100_000))
	c := clientOf(t, srv)
	read := func(from string) {
		t.Helper()
		cmd := exec.Command(python, append([]string{"-c", theirs, from}, usual...)...)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(set string) bool { return strings.HasSuffix(set, "=") }), "HF_HUB_DISABLE_XET=1", "HF_HUB_DISABLE_TELEMETRY=1")
		cmd.Stderr = os.Stderr
		got, err := cmd.Output()
		var want []byte
		for _, name := range usual {
			want = append(want, srv.Files[name]...)
		}
		if err != nil || string(got) != string(want) {
			t.Fatalf("from the %s: %d bytes, want %d (%v)", from, len(got), len(want), err)
		}
	}
	mustFetch(t, c, model)
	before := srv.Count("")
	read("cache")
	if srv.Count("") != before {
		t.Error("huggingface_hub asked the server")
	}

	t.Setenv("HF_HOME", filepath.Join(t.TempDir(), "theirs"))
	read("server")
	c = anotherClient(t)
	c.Offline = true
	s := mustFetch(t, c, model)
	sameFiles(t, s, srv.Files, usual...)
	if err := c.Check(t.Context(), s); err != nil {
		t.Error(err)
	}
	c.Offline = false
	fetched := srv.Count("GET /model.safetensors")
	mustFetch(t, c, model)
	if srv.Count("GET /model.safetensors") != fetched {
		t.Error("what huggingface_hub had fetched was fetched again")
	}
}
