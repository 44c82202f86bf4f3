// Package hubtest is a server for tests that speaks the protocol of the Hugging Face hub, with a second one to which it sends for large files,
// as the hub does.
package hubtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The one repository, its only commit, and a token.
const (
	Repository = "owner/model"
	Commit     = "0123456789abcdef0123456789abcdef01234567"
	Token      = "hf_secretSECRETsecret"
)

// Server is a hub with one repository.
type Server struct {
	t       *testing.T
	hub     *httptest.Server
	storage *httptest.Server // of large files

	Files map[string][]byte

	mu       sync.Mutex
	requests []string // METHOD PATH RANGE

	Listed    func(listing map[string]any)                                // changes the answer to what the repository holds
	Intercept func(w http.ResponseWriter, r *http.Request, b []byte) bool // answers in place of the storage; true if it did
	Refuse    int                                                         // status of every answer, if not 0
	Token     string                                                      // that the hub asks for, if not empty
	Bare      bool                                                        // the list has names only
}

// New starts the servers.
func New(t *testing.T, files map[string][]byte) *Server {
	s := &Server{t: t, Files: files}
	s.hub = httptest.NewServer(http.HandlerFunc(s.serve))
	s.storage = httptest.NewServer(http.HandlerFunc(s.store))
	t.Cleanup(s.hub.Close)
	t.Cleanup(s.storage.Close)
	return s
}

// Large tells whether a file is kept beside git, as the hub does with weights.
func Large(name string) bool {
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".bin")
}

// SumOf is the hash that the hub names a file by.
func SumOf(name string, b []byte) string {
	if Large(name) {
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(b), b))
	return hex.EncodeToString(sum[:])
}

func (s *Server) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
}

// Count is how many requests began like this.
func (s *Server) Count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	if s.Refuse != 0 {
		http.Error(w, `{"error":"Service unavailable"}`, s.Refuse)
		return
	}
	if s.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.Token {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.Error(w, `{"error":"Repository not found"}`, http.StatusUnauthorized)
		return
	}
	w.Header().Set("X-Repo-Commit", Commit)
	if rev, ok := strings.CutPrefix(r.URL.Path, "/api/models/"+Repository+"/revision/"); ok && (rev == "main" || rev == "refs/pr/1" || rev == Commit) {
		s.list(w)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/"+Repository+"/resolve/")
	rev, name, _ := strings.Cut(path, "/")
	ok = ok && (rev == "main" || rev == Commit)
	b, there := s.Files[name]
	if !ok || !there {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.Error(w, `{"error":"Repository not found"}`, http.StatusNotFound)
		return
	}
	if Large(name) {
		w.Header().Set("X-Linked-Etag", `"`+SumOf(name, b)+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(b)))
		http.Redirect(w, r, s.storage.URL+"/"+name+"?signature=x", http.StatusFound)
		return
	}
	w.Header().Set("ETag", `"`+SumOf(name, b)+`"`)
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(b)))
}

func (s *Server) list(w http.ResponseWriter) {
	siblings := []any{}
	for name, b := range s.Files {
		f := map[string]any{"rfilename": name}
		if !s.Bare {
			f["size"], f["blobId"] = len(b), SumOf("git", b)
			if Large(name) {
				f["lfs"] = map[string]any{"sha256": SumOf(name, b), "size": len(b), "pointerSize": 134}
			}
		}
		siblings = append(siblings, f)
	}
	listing := map[string]any{"id": Repository, "modelId": Repository, "sha": Commit, "siblings": siblings}
	if s.Listed != nil {
		s.Listed(listing)
	}
	if err := json.NewEncoder(w).Encode(listing); err != nil {
		s.t.Error(err)
	}
}

func (s *Server) store(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	if r.Header.Get("Authorization") != "" {
		s.t.Error("the token was shown to another server")
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	b := s.Files[name]
	if s.Intercept != nil && s.Intercept(w, r, b) {
		return
	}
	w.Header().Set("ETag", `"not-the-hash"`)
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(b)))
}

// Setenv points the environment to the server and to an empty cache.
func (s *Server) Setenv(t *testing.T) {
	t.Helper()
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "XDG_CACHE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_ENDPOINT", s.hub.URL+"/")
	t.Setenv("HF_HOME", filepath.Join(t.TempDir(), "hf"))
	t.Setenv("HF_TOKEN", Token)
}

// Close stops the hub.
func (s *Server) Close() { s.hub.Close() }

// Requests lists what was asked: METHOD PATH RANGE.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}
