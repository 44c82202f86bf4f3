// A server that speaks the hub's protocol, with a second one to which it sends for large files, as the hub does.

package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testRepository = "owner/model"
	testCommit     = "0123456789abcdef0123456789abcdef01234567"
	testToken      = "hf_secretSECRETsecret"
)

// server is a hub with one repository.
type server struct {
	t       *testing.T
	hub     *httptest.Server
	storage *httptest.Server // of large files

	mu       sync.Mutex
	files    map[string][]byte
	commit   string
	requests []string // METHOD HOST PATH RANGE

	listed    func(listing map[string]any)                                // changes the answer to what the repository holds
	intercept func(w http.ResponseWriter, r *http.Request, b []byte) bool // answers for the storage; true if it did
	refuse    int                                                         // status of every answer, if not 0
	token     string                                                      // that the hub asks for, if not empty
	bare      bool                                                        // the list has names only
}

func newServer(t *testing.T, files map[string][]byte) *server {
	s := &server{t: t, files: files, commit: testCommit}
	s.hub = httptest.NewServer(http.HandlerFunc(s.serve))
	s.storage = httptest.NewServer(http.HandlerFunc(s.store))
	t.Cleanup(s.hub.Close)
	t.Cleanup(s.storage.Close)
	return s
}

// large tells whether a file is kept beside git, as the hub does with weights.
func large(name string) bool {
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".bin")
}

func sumOf(name string, b []byte) string {
	if large(name) {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(b), b))
	return hex.EncodeToString(sum[:])
}

func (s *server) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
}

// count is how many requests began like this.
func (s *server) count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	if s.refuse != 0 {
		http.Error(w, `{"error":"Service unavailable"}`, s.refuse)
		return
	}
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.Error(w, `{"error":"Repository not found"}`, http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Repo-Commit", s.commit)
	if rev, ok := strings.CutPrefix(r.URL.Path, "/api/models/"+testRepository+"/revision/"); ok && (rev == "main" || rev == "refs/pr/1" || rev == s.commit) {
		s.list(w)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/"+testRepository+"/resolve/")
	rev, name, _ := strings.Cut(path, "/")
	ok = ok && (rev == "main" || rev == s.commit)
	b, there := s.files[name]
	if !ok || !there {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.Error(w, `{"error":"Repository not found"}`, http.StatusNotFound)
		return
	}
	if large(name) {
		w.Header().Set("X-Linked-Etag", `"`+sumOf(name, b)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(b)))
		http.Redirect(w, r, s.storage.URL+"/"+name+"?signature=x", http.StatusFound)
		return
	}
	w.Header().Set("ETag", `"`+sumOf(name, b)+`"`)
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(b)))
}

func (s *server) list(w http.ResponseWriter) {
	siblings := []any{}
	for name, b := range s.files {
		f := map[string]any{"rfilename": name}
		if !s.bare {
			f["size"], f["blobId"] = len(b), sumOf("git", b)
			if large(name) {
				f["lfs"] = map[string]any{"sha256": sumOf(name, b), "size": len(b), "pointerSize": 134}
			}
		}
		siblings = append(siblings, f)
	}
	listing := map[string]any{"id": testRepository, "modelId": testRepository, "sha": s.commit, "siblings": siblings}
	if s.listed != nil {
		s.listed(listing)
	}
	if err := json.NewEncoder(w).Encode(listing); err != nil {
		s.t.Error(err)
	}
}

func (s *server) store(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	if r.Header.Get("Authorization") != "" {
		s.t.Error("the token was shown to another server")
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	b := s.files[name]
	if s.intercept != nil && s.intercept(w, r, b) {
		return
	}
	w.Header().Set("ETag", `"not-the-hash"`)
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(b)))
}

// client is one whose environment points to the server and to an empty cache.
func (s *server) client() *Client {
	s.t.Helper()
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "XDG_CACHE_HOME"} {
		s.t.Setenv(name, "")
	}
	s.t.Setenv("HF_ENDPOINT", s.hub.URL+"/")
	s.t.Setenv("HF_HOME", filepath.Join(s.t.TempDir(), "hf"))
	s.t.Setenv("HF_TOKEN", testToken)
	c, err := New()
	if err != nil {
		s.t.Fatal(err)
	}
	c.Pause, c.Stall = time.Millisecond, 5*time.Second
	return c
}
