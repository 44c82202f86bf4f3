package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/go-huggingface/hub"
)

// unreachable is an error of a server that does not answer, or not in its usual way.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

// repository is what the hub says of a repository at a revision.
type repository struct {
	*Client
	ref    Reference
	remote *hub.Repo
	commit string
	files  map[string]entry
}

// entry is a file of a repository.
type entry struct {
	name string
	size int64
	sum  string // of its content: SHA-256, or SHA-1 as git counts it, in hexadecimal digits; empty where it is not known
}

// list asks the hub what a repository holds.
func (c *Client) list(ctx context.Context, ref Reference) (*repository, error) {
	// The library stores the answer and removes the last one first: it gets a folder of its own.
	own, err := os.MkdirTemp("", "hub-")
	if err != nil {
		return nil, err
	}
	remote := hub.New(ref.Repository).WithEndpoint(c.Endpoint).WithAuth(c.token()).WithRevision(url.PathEscape(ref.Revision)).WithCacheDir(own)
	remote.Verbosity = 0
	asked := make(chan error, 1)
	go func() {
		_, err := remote.FileURL("config.json") // which asks the hub once, and later calls do not
		asked <- errors.Join(err, os.RemoveAll(own))
	}()
	select {
	case err = <-asked:
	case <-ctx.Done(): // the library takes no context
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, c.explain(ref, err)
	}
	return c.read(ref, remote)
}

// read checks what the hub said: names that become paths must be names.
func (c *Client) read(ref Reference, remote *hub.Repo) (*repository, error) {
	info := remote.Info()
	r := &repository{c, ref, remote, info.CommitHash, map[string]entry{}}
	if !isCommit(r.commit) || isCommit(ref.Revision) && r.commit != ref.Revision {
		return nil, fmt.Errorf("%s: %s says that its commit is %q", ref, c.Endpoint, r.commit)
	}
	for _, f := range info.Siblings {
		if f == nil || !localName(f.Name) {
			return nil, fmt.Errorf("%s: %s lists a file outside of the folder: %q", ref, c.Endpoint, nameOf(f))
		}
		e := entry{f.Name, f.Size, f.BlobID}
		if f.LFS != nil {
			e.size, e.sum = f.LFS.Size, f.LFS.SHA256
		}
		if !isHash(e.sum) && e.sum != "" || e.size < 0 {
			return nil, fmt.Errorf("%s: %s: %d bytes with hash %q", ref, e.name, e.size, e.sum)
		}
		r.files[e.name] = e
	}
	return r, nil
}

func nameOf(f *hub.FileInfo) string {
	if f == nil {
		return ""
	}
	return f.Name
}

func (r *repository) names() []string {
	var names []string
	for name := range r.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// url is where a file is.
func (r *repository) url(name string) (string, error) {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return r.remote.FileURL(strings.Join(parts, "/"))
}

// describe gives size and hash of a file, for which a server that did not list them is asked.
func (r *repository) describe(ctx context.Context, name string) (entry, error) {
	e := r.files[name]
	if e.sum != "" {
		return e, nil
	}
	address, err := r.url(name)
	if err != nil {
		return e, err
	}
	request, err := r.request(ctx, http.MethodHead, address)
	if err != nil {
		return e, err
	}
	client := *r.http
	client.CheckRedirect = func(to *http.Request, via []*http.Request) error {
		if to.URL.Host != via[0].URL.Host { // where the hash of the file is not known
			return http.ErrUseLastResponse
		}
		return redirect(to, via)
	}
	response, err := client.Do(request)
	if err != nil {
		return e, unreachable{err}
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		return e, statusError(response)
	}
	h := response.Header
	if said := h.Get("X-Repo-Commit"); said != "" && said != r.commit {
		return e, fmt.Errorf("the server has it at commit %q, not %q", said, r.commit)
	}
	size := firstOf(h.Get("X-Linked-Size"), h.Get("Content-Length"))
	e.sum = strings.Trim(strings.TrimPrefix(firstOf(h.Get("X-Linked-Etag"), h.Get("ETag")), "W/"), `"`)
	if e.size, err = strconv.ParseInt(size, 10, 64); err != nil || e.size < 0 || !isHash(e.sum) {
		return e, fmt.Errorf("the server does not tell its size and hash (%q, %q)", size, e.sum)
	}
	return e, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// statusOf finds the status in the library's errors.
var statusOf = regexp.MustCompile(`bad status code (\d+)`)

// explain says what a failure to list a repository means.
func (c *Client) explain(ref Reference, err error) error {
	if found := statusOf.FindStringSubmatch(err.Error()); found != nil {
		status, _ := strconv.Atoi(found[1]) // digits
		switch {
		case status == http.StatusNotFound:
			return fmt.Errorf("%s: %s has no such repository or revision: %w", ref, c.Endpoint, err)
		case status == http.StatusUnauthorized, status == http.StatusForbidden:
			return fmt.Errorf("%s: %s has no such repository, or does not show it to everybody: set HF_TOKEN to a token that may read it: %w", ref, c.Endpoint, err)
		case status >= 500 || status == http.StatusTooManyRequests:
			return unreachable{fmt.Errorf("%s: %s does not answer: %w", ref, c.Endpoint, err)}
		}
		return fmt.Errorf("%s: %w", ref, err)
	}
	if _, ok := errors.AsType[*url.Error](err); ok || errors.Is(err, fs.ErrNotExist) { // a broken answer is not stored
		return unreachable{fmt.Errorf("%s: %s cannot be reached: %w", ref, c.Endpoint, err)}
	}
	return fmt.Errorf("%s: %w", ref, err)
}
