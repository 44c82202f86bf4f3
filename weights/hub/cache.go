package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// folderName is the name of a repository's folder in the cache.
func folderName(ref Reference) string {
	return "models--" + strings.ReplaceAll(ref.Repository, "/", "--")
}

func (c *Client) folder(ref Reference) string { return filepath.Join(c.Cache, folderName(ref)) }

func (c *Client) revisionFile(ref Reference) string {
	return filepath.Join(c.folder(ref), "refs", filepath.FromSlash(ref.Revision))
}

// cached is what the cache has of a model; an error says what is missing.
func (c *Client) cached(ref Reference) (Snapshot, error) {
	s := Snapshot{Reference: ref, Commit: ref.Revision}
	if !isCommit(ref.Revision) {
		text, err := os.ReadFile(c.revisionFile(ref))
		if err != nil {
			return s, err
		}
		if s.Commit = strings.TrimSpace(string(text)); !isCommit(s.Commit) {
			return s, fmt.Errorf("%s holds no commit", c.revisionFile(ref))
		}
	}
	s.Folder = filepath.Join(c.folder(ref), "snapshots", s.Commit)
	entries, err := os.ReadDir(s.Folder)
	if err != nil {
		return s, err
	}
	var names []string
	for _, e := range entries {
		if exists(filepath.Join(s.Folder, e.Name())) {
			names = append(names, e.Name())
		}
	}
	s.Files, err = needed(names, s.Folder, func([]string) error { return nil })
	if err != nil {
		return s, fmt.Errorf("%s: %w", s.Folder, err)
	}
	return s, nil
}

// keepRevision notes which commit a branch or tag is.
func (c *Client) keepRevision(ref Reference, commit string) error {
	path := c.revisionFile(ref)
	if isCommit(ref.Revision) {
		return nil
	}
	if text, err := os.ReadFile(path); err == nil && string(text) == commit {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	beside := path + ".writing"
	if err := os.WriteFile(beside, []byte(commit), 0o666); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

// link makes a file of a snapshot stand for a blob: by a link that still holds where the cache is moved, or, where the system has none of
// that kind, by a second name.
func link(blob, path string) error {
	there, err := os.Stat(path)
	if err == nil {
		if info, err := os.Stat(blob); err == nil && os.SameFile(there, info) {
			return nil
		}
	}
	target, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	beside := path + ".writing"
	_ = os.Remove(beside) // of a process that was killed
	if err := os.Symlink(target, beside); err != nil {
		if err := os.Link(blob, beside); err != nil {
			return err
		}
	}
	return os.Rename(beside, path)
}

// HashOf gives the hash that a file of the cache is kept under, which its link tells: SHA-256, or SHA-1 as git counts it. Other files have none.
func HashOf(path string) (string, bool) {
	target, err := os.Readlink(path)
	sum := filepath.Base(target)
	return sum, err == nil && isHash(sum) && filepath.Base(filepath.Dir(target)) == "blobs"
}

// lockPoll is how often a lock that another process holds is tried.
const lockPoll = 100 * time.Millisecond

// lock keeps other processes away from a part of a repository, where huggingface_hub locks: its files by their hashes.
func (c *Client) lock(ctx context.Context, ref Reference, name string) (unlock func() error, err error) {
	path := filepath.Join(c.Cache, ".locks", folderName(ref), name+".lock")
	unlock, err = Lock(ctx, path, func() { c.report("%s: another process is fetching it; waiting", ref) })
	if err != nil {
		err = fmt.Errorf("%s: %w", ref, err)
	}
	return unlock, err
}

// Lock keeps other processes away that lock the same file, which it makes. waiting is called if one of them has to be waited for.
func Lock(ctx context.Context, path string, waiting func()) (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	l := flock.New(path)
	locked, err := l.TryLock()
	if err == nil && !locked {
		waiting()
		locked, err = l.TryLockContext(ctx, lockPoll)
	}
	if err != nil || !locked {
		return nil, fmt.Errorf("lock %s: %w", path, errors.Join(err, ctx.Err()))
	}
	return l.Unlock, nil
}
