package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"videomae/weights/hub/hubtest"
)

var model = Reference{hubtest.Repository, "main"}

// folder is what a usual repository has, with files that no model needs.
func folder(size int) map[string][]byte {
	b := make([]byte, size)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < size; i++ {
		b[i] = byte(r.Uint32())
	}
	return map[string][]byte{
		"config.json": []byte(`{"model_type":"videomae"}`), "preprocessor_config.json": []byte(`{}`), "README.md": []byte("---\nlicense: cc-by-nc-4.0\n---\n"),
		"model.safetensors": b, "pytorch_model.bin": b[:size/2], "training_args.bin": b[:10], ".gitattributes": []byte("x"), "onnx/model.onnx": b[:100],
	}
}

func mustFetch(t *testing.T, c *Client, ref Reference) Snapshot {
	t.Helper()
	s, err := c.Fetch(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sameFiles(t *testing.T, s Snapshot, want map[string][]byte, names ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(s.Files))
	if slices.Sort(names); !slices.Equal(got, names) {
		t.Fatalf("files %q, want %q", got, names)
	}
	for _, name := range names {
		if b, err := os.ReadFile(filepath.Join(s.Folder, name)); err != nil || !bytes.Equal(b, want[name]) {
			t.Errorf("%s: %d bytes, want %d (%v)", name, len(b), len(want[name]), err)
		}
	}
}

var usual = []string{"README.md", "config.json", "model.safetensors", "preprocessor_config.json"}

// The cache is laid out as other programs of the hub expect it, and only what a model needs is fetched, once.
func TestFetch(t *testing.T) {
	for _, bare := range []bool{false, true} {
		srv := hubtest.New(t, folder(3<<20))
		srv.Token, srv.Bare = hubtest.Token, bare
		c := clientOf(t, srv)
		var last, total int64
		c.Progress = func(done, all int64) {
			if done < last {
				t.Errorf("progress went back from %d to %d", last, done)
			}
			last, total = done, all
		}
		s := mustFetch(t, c, model)
		sameFiles(t, s, srv.Files, usual...)
		if want := int64(3<<20 + 25 + 2 + 30); total != want || last != want {
			t.Errorf("progress ended at %d of %d, want %d", last, total, want)
		}
		base := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--owner--model")
		if s.Folder != filepath.Join(base, "snapshots", hubtest.Commit) || s.Name() != "hf:owner/model@"+hubtest.Commit {
			t.Errorf("folder %s, name %s", s.Folder, s.Name())
		}
		if ref, err := os.ReadFile(filepath.Join(base, "refs", "main")); err != nil || string(ref) != hubtest.Commit {
			t.Errorf("refs/main is %q (%v)", ref, err)
		}
		for _, name := range usual {
			target, err := os.Readlink(filepath.Join(s.Folder, name))
			if want := filepath.Join("..", "..", "blobs", hubtest.SumOf(name, srv.Files[name])); err != nil || target != want {
				t.Errorf("%s links to %q, want %q (%v)", name, target, want, err)
			}
		}
		if entries, err := os.ReadDir(base); err != nil || len(entries) != 3 {
			t.Errorf("the repository's folder holds %v (%v)", entries, err)
		}
		gets := srv.Count("GET /")
		mustFetch(t, c, model)
		if n := srv.Count("GET /") - gets; n != 1 {
			t.Errorf("fetching again takes %d requests, want one for the list", n)
		}
		before := srv.Count("")
		mustFetch(t, c, Reference{hubtest.Repository, hubtest.Commit})
		if srv.Count("") != before {
			t.Error("a commit that is in the cache was asked for")
		}
		c.Progress = nil
		if err := c.Check(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
}

func TestRevisionsWithSlashes(t *testing.T) {
	srv := hubtest.New(t, folder(1000))
	c := clientOf(t, srv)
	mustFetch(t, c, Reference{hubtest.Repository, "refs/pr/1"})
	c.Offline = true
	sameFiles(t, mustFetch(t, c, Reference{hubtest.Repository, "refs/pr/1"}), srv.Files, usual...)
}

func TestShards(t *testing.T) {
	files := folder(1000)
	delete(files, "model.safetensors")
	files["model-00001-of-00002.safetensors"], files["model-00002-of-00002.safetensors"] = []byte("first"), []byte("second")
	files["model.safetensors.index.json"] = []byte(`{"weight_map":{"a":"model-00002-of-00002.safetensors","b":"model-00001-of-00002.safetensors","c":"model-00001-of-00002.safetensors"}}`)
	srv := hubtest.New(t, files)
	c := clientOf(t, srv)
	names := append([]string{"model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}, "README.md", "config.json", "preprocessor_config.json")
	sameFiles(t, mustFetch(t, c, model), files, names...)
	c.Offline = true
	s := mustFetch(t, c, model)
	sameFiles(t, s, files, names...)
	if err := os.Remove(filepath.Join(s.Folder, "model-00002-of-00002.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Fetch(t.Context(), model); err == nil || !strings.Contains(err.Error(), "model-00002-of-00002.safetensors") {
		t.Errorf("a missing part of a model offline: %v", err)
	}
}

// breakAfter lets the storage's connections break after so many bytes each, n times.
func breakAfter(bytes, n int) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, b []byte) bool {
		if n--; n < 0 {
			return false
		}
		from := 0
		status := http.StatusOK
		if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
			from, _ = strconv.Atoi(strings.TrimSuffix(text, "-"))
			status = http.StatusPartialContent
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b)-1, len(b)))
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(b)-from))
		w.WriteHeader(status)
		_, _ = w.Write(b[from:min(from+bytes, len(b))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// A connection that breaks costs what was on its way, whether the process lives on or another one takes over.
func TestBrokenDownloadGoesOn(t *testing.T) {
	srv := hubtest.New(t, folder(1<<20))
	srv.Intercept = breakAfter(300_000, 2)
	c := clientOf(t, srv)
	sameFiles(t, mustFetch(t, c, model), srv.Files, usual...)
	if srv.Count("GET /model.safetensors bytes=300000-") != 1 || srv.Count("GET /model.safetensors bytes=600000-") != 1 || srv.Count("GET /model.safetensors") != 3 {
		t.Errorf("requests %q", srv.Requests())
	}

	srv = hubtest.New(t, folder(1<<20))
	srv.Intercept = breakAfter(400_000, 1)
	c = clientOf(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	c.Progress = func(done, _ int64) {
		if done >= 300_000 {
			cancel()
		}
	}
	if _, err := c.Fetch(ctx, model); !errors.Is(err, context.Canceled) {
		t.Fatalf("a fetch that was cancelled: %v", err)
	}
	c = anotherClient(t)
	var said []string
	c.Report = func(text string) { said = append(said, text) }
	var total int64
	c.Progress = func(_, all int64) { total = all }
	sameFiles(t, mustFetch(t, c, model), srv.Files, usual...)
	if srv.Count("GET /model.safetensors bytes=") != 1 || total >= 1<<20 {
		t.Errorf("requests %q; %d bytes to fetch", srv.Requests(), total)
	}
	if !strings.Contains(strings.Join(said, "\n"), "goes on after 0.") {
		t.Errorf("said %q", said)
	}
}

// clientOf is one whose environment points to the server and to an empty cache.
func clientOf(t *testing.T, s *hubtest.Server) *Client {
	s.Setenv(t)
	return anotherClient(t)
}

// anotherClient is one of another process with the same environment.
func anotherClient(t *testing.T) *Client {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	c.Pause, c.Stall = time.Millisecond, 5*time.Second
	return c
}

func TestServersThatDoNotResume(t *testing.T) {
	answers := map[string]func(w http.ResponseWriter, r *http.Request, b []byte) bool{
		"ignores ranges": func(w http.ResponseWriter, _ *http.Request, b []byte) bool { _, err := w.Write(b); return err == nil },
		"refuses ranges": func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return true
		},
	}
	for name, answer := range answers {
		srv := hubtest.New(t, folder(100_000))
		c := clientOf(t, srv)
		blobs := filepath.Join(c.folder(model), "blobs")
		part := filepath.Join(blobs, hubtest.SumOf("model.safetensors", srv.Files["model.safetensors"])+".incomplete")
		if err := errors.Join(os.MkdirAll(blobs, 0o777), os.WriteFile(part, srv.Files["model.safetensors"][:40_000], 0o666)); err != nil {
			t.Fatal(err)
		}
		srv.Intercept = answer
		t.Run(name, func(t *testing.T) { sameFiles(t, mustFetch(t, c, model), srv.Files, usual...) })
	}
}

func TestGivesUp(t *testing.T) {
	srv := hubtest.New(t, folder(100_000))
	srv.Intercept = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return true
	}
	c := clientOf(t, srv)
	_, err := c.Fetch(t.Context(), model)
	if err == nil || !strings.Contains(err.Error(), "model.safetensors: 0 of 100000 bytes") || !strings.Contains(err.Error(), "503") {
		t.Errorf("error %v", err)
	}
	if n := srv.Count("GET /model.safetensors"); n != tries {
		t.Errorf("tried %d times, want %d", n, tries)
	}

	srv.Intercept = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool { <-r.Context().Done(); return true }
	c.Stall = 20 * time.Millisecond
	if _, err := c.Fetch(t.Context(), model); err == nil || !strings.Contains(err.Error(), "nothing came for") {
		t.Errorf("a server that says nothing: %v", err)
	}
}

// A file that is not what the hub says it is, is refused by name and leaves nothing behind.
func TestWrongContent(t *testing.T) {
	wrong := map[string]func(b []byte) []byte{
		"changed": func(b []byte) []byte { b[500] ^= 1; return b },
		"longer":  func(b []byte) []byte { return append(b, 0) },
	}
	for name, change := range wrong {
		t.Run(name, func(t *testing.T) {
			srv := hubtest.New(t, folder(1000))
			srv.Intercept = func(w http.ResponseWriter, _ *http.Request, b []byte) bool {
				_, err := w.Write(change(bytes.Clone(b)))
				return err == nil
			}
			c := clientOf(t, srv)
			_, err := c.Fetch(t.Context(), model)
			if !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), "model.safetensors") || !strings.Contains(err.Error(), "hf:owner/model") {
				t.Fatalf("error %v", err)
			}
			blob := filepath.Join(c.folder(model), "blobs", hubtest.SumOf("model.safetensors", srv.Files["model.safetensors"]))
			part, _ := os.Stat(blob + ".incomplete")
			if exists(blob) || part != nil && part.Size() > 0 {
				t.Error("something of the file is left")
			}
			srv.Intercept = nil
			sameFiles(t, mustFetch(t, c, model), srv.Files, usual...)
		})
	}
}

// What rotted in the cache is found, removed, and fetched anew.
func TestCheck(t *testing.T) {
	srv := hubtest.New(t, folder(1000))
	c := clientOf(t, srv)
	s := mustFetch(t, c, model)
	for _, name := range []string{"model.safetensors", "config.json"} {
		blob := filepath.Join(c.folder(model), "blobs", hubtest.SumOf(name, srv.Files[name]))
		if err := os.WriteFile(blob, bytes.Repeat([]byte{'x'}, len(srv.Files[name])), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := c.Check(t.Context(), s); !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), name) {
			t.Fatalf("%s: %v", name, err)
		}
		if exists(blob) {
			t.Errorf("%s is still there", name)
		}
		s = mustFetch(t, c, model)
		sameFiles(t, s, srv.Files, usual...)
	}
}

func TestOffline(t *testing.T) {
	srv := hubtest.New(t, folder(1000))
	c := clientOf(t, srv)
	c.Offline = true
	if _, err := c.Fetch(t.Context(), model); err == nil || !strings.Contains(err.Error(), "hf:owner/model is not in the cache") {
		t.Errorf("nothing in the cache: %v", err)
	}
	c.Offline = false
	mustFetch(t, c, model)

	t.Setenv("HF_HUB_OFFLINE", "1")
	before := srv.Count("")
	offline := anotherClient(t)
	var said string
	offline.Report = func(text string) { said += text }
	sameFiles(t, mustFetch(t, offline, model), srv.Files, usual...)
	if srv.Count("") != before || !strings.Contains(said, "from the cache") {
		t.Errorf("%d requests; said %q", srv.Count("")-before, said)
	}
}

func TestNoNetwork(t *testing.T) {
	for name, away := range map[string]func(*hubtest.Server){
		"busy": func(s *hubtest.Server) { s.Refuse = http.StatusBadGateway },
		"gone": func(s *hubtest.Server) { s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			srv := hubtest.New(t, folder(1000))
			c := clientOf(t, srv)
			mustFetch(t, c, model)
			away(srv)
			var said string
			c.Report = func(text string) { said += text }
			sameFiles(t, mustFetch(t, c, model), srv.Files, usual...)
			if !strings.Contains(said, "the cache is used (commit 0123456789ab)") {
				t.Errorf("said %q", said)
			}
			_, err := c.Fetch(t.Context(), Reference{"owner/other", "main"})
			if err == nil || !strings.Contains(err.Error(), "hf:owner/other") || !strings.Contains(err.Error(), "does not have it") {
				t.Errorf("not in the cache: %v", err)
			}
		})
	}
}

func TestUnknownNames(t *testing.T) {
	srv := hubtest.New(t, folder(1000))
	c := clientOf(t, srv)
	for _, ref := range []Reference{{"owner/other", "main"}, {hubtest.Repository, "v9"}, {hubtest.Repository, strings.Repeat("a", 40)}} {
		if _, err := c.Fetch(t.Context(), ref); err == nil || !strings.Contains(err.Error(), ref.String()) || !strings.Contains(err.Error(), "no such repository or revision") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	srv.Token = "another"
	if _, err := c.Fetch(t.Context(), model); err == nil || !strings.Contains(err.Error(), "HF_TOKEN") || strings.Contains(err.Error(), hubtest.Token) {
		t.Errorf("a repository that needs a token: %v", err)
	}
	delete(srv.Files, "model.safetensors")
	delete(srv.Files, "pytorch_model.bin")
	srv.Token = ""
	if _, err := c.Fetch(t.Context(), model); err == nil || !strings.Contains(err.Error(), "has no model") || !strings.Contains(err.Error(), "training_args.bin") {
		t.Errorf("a repository without a model: %v", err)
	}
}

// Nothing that a server says becomes a path outside of the cache.
func TestPathsStayInside(t *testing.T) {
	for name, change := range map[string]func(*hubtest.Server){
		"file":     func(s *hubtest.Server) { s.Files["../../evil.safetensors"] = []byte("x") },
		"absolute": func(s *hubtest.Server) { s.Files["/etc/evil"] = []byte("x") },
		"commit":   func(s *hubtest.Server) { s.Listed = func(l map[string]any) { l["sha"] = "../../../evil" } },
		"nothing":  func(s *hubtest.Server) { s.Listed = func(l map[string]any) { l["siblings"] = []any{nil} } },
		"hash": func(s *hubtest.Server) {
			s.Listed = func(l map[string]any) {
				l["siblings"] = []any{map[string]any{"rfilename": "model.safetensors", "size": 3, "blobId": "../../evil"}}
			}
		},
		"shard": func(s *hubtest.Server) {
			delete(s.Files, "model.safetensors")
			s.Files["model.safetensors.index.json"] = []byte(`{"weight_map":{"a":"../../evil"}}`)
		},
		"shard in a folder": func(s *hubtest.Server) {
			delete(s.Files, "model.safetensors")
			s.Files["model.safetensors.index.json"] = []byte(`{"weight_map":{"a":"onnx/model.onnx"}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := hubtest.New(t, folder(1000))
			c := clientOf(t, srv)
			change(srv)
			if _, err := c.Fetch(t.Context(), model); err == nil {
				t.Error("no error")
			}
			err := filepath.WalkDir(filepath.Dir(os.Getenv("HF_HOME")), func(path string, _ fs.DirEntry, err error) error {
				if strings.Contains(path, "evil") {
					t.Errorf("%s was written", path)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// Several processes that fetch the same model at the same time end with the same files, each fetched once.
func TestFetchTogether(t *testing.T) {
	srv := hubtest.New(t, folder(1<<20))
	clientOf(t, srv)
	var wg sync.WaitGroup
	for range 4 {
		c := anotherClient(t)
		wg.Go(func() {
			s, err := c.Fetch(t.Context(), model)
			if err != nil {
				t.Error(err)
				return
			}
			if b, err := os.ReadFile(filepath.Join(s.Folder, "model.safetensors")); err != nil || !bytes.Equal(b, srv.Files["model.safetensors"]) {
				t.Errorf("%d bytes (%v)", len(b), err)
			}
		})
	}
	wg.Wait()
	if n := srv.Count("GET /model.safetensors"); n != 1 {
		t.Errorf("the model was fetched %d times", n)
	}
}
