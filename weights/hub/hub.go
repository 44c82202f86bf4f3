// Package hub fetches folders of models from the Hugging Face hub into the cache that all its programs share, and finds there what others
// fetched.
//
// github.com/gomlx/go-huggingface knows the hub's addresses, asks for what a repository holds at a revision, and reads the answer. It also
// downloads, but a broken download begins anew, hashes are not checked, the hash of a file is taken from whichever server a request ends at,
// a request cannot be cancelled, and what it stored of a repository is lost when the network is. Files therefore come by this package:
// from where they broke off, checked by the hash that the hub names, one process at a time, and only those that a model needs. The cache has
// the layout of huggingface_hub: blobs/HASH, snapshots/COMMIT/NAME as links to them, refs/REVISION with the commit.
package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Client fetches from one server into one cache.
type Client struct {
	Endpoint string // address of the server
	Cache    string // folder
	Offline  bool   // take what the cache has, ask nobody

	Report   func(text string)       // told what goes on, in lines; may be nil
	Progress func(done, total int64) // told bytes of those that have to be fetched or checked; may be nil
	Pause    time.Duration           // before a broken download goes on; doubles from one failure to the next
	Stall    time.Duration           // after which a connection that brings nothing is given up

	token func() string // not a string, so that no print of a client shows it; empty for none
	http  *http.Client
	done  int64
	total int64
}

// Snapshot is a folder of the cache with the files of a model at a commit.
type Snapshot struct {
	Reference
	Commit string
	Folder string
	Files  []string // names in the folder
}

// described tells whether all that says something of a usual model is there: other programs fetch some of it only.
func (s Snapshot) described() bool {
	for _, name := range describing[:3] {
		if !slices.Contains(s.Files, name) {
			return false
		}
	}
	return true
}

// Name names a snapshot for good: hf:OWNER/NAME@COMMIT.
func (s Snapshot) Name() string { return Prefix + s.Repository + "@" + s.Commit }

// Fetch brings the files of a model into the cache: its description, the licence, and the tensors in the form that is read best. What is there
// already is not fetched again; a revision that is a commit needs no network if all of it is there. Without network, the cache's own newest commit of the
// revision is taken, and said.
func (c *Client) Fetch(ctx context.Context, ref Reference) (Snapshot, error) {
	kept, lack := c.cached(ref)
	switch {
	case c.Offline && lack != nil:
		return kept, fmt.Errorf("%s is not in the cache %s, and HF_HUB_OFFLINE forbids to fetch it: %w", ref, c.Cache, lack)
	case c.Offline:
		c.report("%s: from the cache, as HF_HUB_OFFLINE asks", ref)
		return kept, nil
	case lack == nil && isCommit(ref.Revision) && kept.described():
		return kept, nil
	}
	unlock, err := c.lock(ctx, ref, "fetch")
	if err != nil {
		return kept, err
	}
	s, err := c.fetch(ctx, ref)
	err = errors.Join(err, unlock())
	if _, away := errors.AsType[unreachable](err); away && ctx.Err() == nil {
		if kept, lack := c.cached(ref); lack == nil {
			c.report("%v; the cache is used (commit %.12s)", err, kept.Commit)
			return kept, nil
		}
		return s, fmt.Errorf("%w; and the cache %s does not have it", err, c.Cache)
	}
	return s, err
}

func (c *Client) fetch(ctx context.Context, ref Reference) (Snapshot, error) {
	r, err := c.list(ctx, ref)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{Reference: ref, Commit: r.commit, Folder: filepath.Join(c.folder(ref), "snapshots", r.commit)}
	if err := os.MkdirAll(s.Folder, 0o777); err != nil {
		return s, err
	}
	c.done, c.total = 0, 0
	s.Files, err = needed(r.names(), s.Folder, func(names []string) error { return r.bring(ctx, s, names) })
	if err != nil {
		return s, fmt.Errorf("%s: %w", ref, err)
	}
	return s, c.keepRevision(ref, s.Commit)
}

// bring fetches files that are not there yet and links them into the snapshot.
func (r *repository) bring(ctx context.Context, s Snapshot, names []string) error {
	entries := make([]entry, len(names))
	var bytes int64
	missing := 0
	for i, name := range names {
		var err error
		if entries[i], err = r.describe(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !r.hasBlob(entries[i]) {
			missing, bytes = missing+1, bytes+entries[i].size-r.partOf(entries[i])
		}
	}
	if missing > 0 {
		r.total += bytes
		r.report("%s: fetching %d files, %.1f MB, into %s", s.Reference, missing, float64(bytes)/1e6, r.Cache)
	}
	for _, e := range entries {
		err := r.blob(ctx, e)
		if err == nil {
			err = link(r.blobPath(e), filepath.Join(s.Folder, e.name))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// Check compares the files of a snapshot with the hashes that they are kept under. A file that differs is removed from the cache, so that it is
// fetched anew the next time.
func (c *Client) Check(ctx context.Context, s Snapshot) error {
	var entries []entry
	c.done, c.total = 0, 0
	for _, name := range s.Files {
		path := filepath.Join(s.Folder, name)
		sum, ok := HashOf(path)
		if !ok {
			continue // a copy, whose name tells no hash
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Reference, err)
		}
		entries, c.total = append(entries, entry{name, info.Size(), sum}), c.total+info.Size()
	}
	for _, e := range entries {
		blob := filepath.Join(c.folder(s.Reference), "blobs", e.sum)
		if err := e.check(ctx, blob, c.count); err != nil {
			err = fmt.Errorf("%s: %s: %w", s.Reference, e.name, err)
			if errors.Is(err, errDamaged) {
				err = errors.Join(fmt.Errorf("%w; it was removed from the cache", err), os.Remove(blob), os.Remove(filepath.Join(s.Folder, e.name)))
			}
			return err
		}
	}
	return nil
}

func (c *Client) report(format string, values ...any) {
	if c.Report != nil {
		c.Report(fmt.Sprintf(format, values...))
	}
}

// count tells of bytes that have been dealt with.
func (c *Client) count(bytes int64) {
	c.done += bytes
	if c.Progress != nil {
		c.Progress(c.done, max(c.total, c.done))
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
