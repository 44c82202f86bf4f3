package convert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"videomae/internal/sha"
	"videomae/train"
	"videomae/weights"
	"videomae/weights/checkpoint"
	"videomae/weights/hub"
)

// Sources makes checkpoints usable that are not this program's or not on this machine.
type Sources struct {
	Cache    string                  // folder of converted checkpoints; empty: videomae/checkpoints in the user's cache
	Report   func(text string)       // told what goes on, in lines; may be nil
	Progress func(done, total int64) // told bytes fetched, checked or converted; may be nil
}

// Local gives the file or folder that a source names: of hf:OWNER/NAME[@REVISION] the folder in the hub's cache, fetched if need be; of
// everything else itself.
func (s Sources) Local(ctx context.Context, source string) (string, error) {
	snapshot, err := s.fetch(ctx, source)
	if err != nil || snapshot.Folder == "" {
		return source, err
	}
	return snapshot.Folder, nil
}

// Native gives a checkpoint of this program for a source: itself where it is one, or a folder made of it (To: Native), which is kept in the
// cache under the hash of what it was made of, so that it is made once. A source that is not there is left to who opens it.
func (s Sources) Native(ctx context.Context, source string) (string, error) {
	snapshot, err := s.fetch(ctx, source)
	if err != nil {
		return "", err
	}
	path := source
	if snapshot.Folder != "" {
		path = snapshot.Folder
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || isNative(path) {
		return path, nil
	}
	found, err := checkpoint.Find(path)
	if err != nil {
		return "", err
	}
	key, err := s.key(ctx, path, found)
	if err != nil {
		return "", err
	}
	cache, err := s.cache()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, nameIn(path, snapshot)+"-"+key[:16])
	if isNative(folder) {
		return folder, nil
	}
	unlock, err := hub.Lock(ctx, folder+".lock", func() { s.report("%s: another process is converting it; waiting", source) })
	if err != nil {
		return "", err
	}
	if !isNative(folder) { // made by another process meanwhile
		err = s.make(ctx, path, source, folder, snapshot)
	}
	return folder, errors.Join(err, unlock())
}

// isNative tells whether a path is a run or a checkpoint folder of this program. Folders of others may have files of the same names.
func isNative(path string) bool {
	folder, err := train.Newest(path)
	if err != nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(folder, configFile)); err != nil {
		return false
	}
	about, err := train.About(folder)
	return err == nil && strings.HasPrefix(about[weights.FamilyKey], "videomae-")
}

// fetch fetches a model of the hub; of other sources the snapshot is empty.
func (s Sources) fetch(ctx context.Context, source string) (hub.Snapshot, error) {
	if !hub.Is(source) {
		return hub.Snapshot{}, nil
	}
	ref, err := hub.Parse(source)
	if err != nil {
		return hub.Snapshot{}, err
	}
	client, err := s.client()
	if err != nil {
		return hub.Snapshot{}, err
	}
	return client.Fetch(ctx, ref)
}

func (s Sources) client() (*hub.Client, error) {
	client, err := hub.New()
	if err == nil {
		client.Report, client.Progress = s.Report, s.Progress
	}
	return client, err
}

// form is the form of converted checkpoints in the cache; those of other forms are not used.
const form = "videomae checkpoint 1"

// beside are the files beside tensors that say something of them.
var beside = []string{"config.json", "preprocessor_config.json", "README.md"}

// key is the hash of everything that a converted checkpoint depends on: the names and contents of the files, and what it is called. Files of
// the hub's cache have their hash for a name, so that they need not be read.
func (s Sources) key(ctx context.Context, path string, found checkpoint.Found) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	files := append([]string{found.Tensors}, found.Files...)
	for _, name := range beside {
		if file := filepath.Join(filepath.Dir(found.Tensors), name); exists(file) {
			files = append(files, file)
		}
	}
	list := sha256.New()
	fmt.Fprintf(list, "%s\n%s\n", form, filepath.Base(absolute))
	for _, file := range files {
		sum, ok := hub.HashOf(file)
		if !ok {
			if sum, err = hashOf(ctx, file); err != nil {
				return "", err
			}
		}
		fmt.Fprintf(list, "%s  %s\n", sum, filepath.Base(file))
	}
	return hex.EncodeToString(list.Sum(nil)), nil
}

// hashOf is the SHA-256 of a file.
func hashOf(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha.New()
	for {
		_, err := io.CopyN(h, file, 16<<20)
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return "", fmt.Errorf("hashing %s: %w", path, err)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// cache is the folder of converted checkpoints.
func (s Sources) cache() (string, error) {
	cache := s.Cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("folder for converted checkpoints: set XDG_CACHE_HOME to one: %w", err)
		}
		cache = filepath.Join(user, "videomae", "checkpoints")
	}
	return cache, os.MkdirAll(cache, 0o777)
}

// unusual are characters that names of folders should not have.
var unusual = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// nameIn is what a converted checkpoint is called in the cache, before its hash.
func nameIn(path string, snapshot hub.Snapshot) string {
	name := snapshot.Repository
	if name == "" {
		absolute, err := filepath.Abs(path)
		if err != nil {
			absolute = path
		}
		name = filepath.Base(absolute)
	}
	name = strings.TrimLeft(unusual.ReplaceAllString(name, "-"), ".-")
	return name[:min(len(name), 80)]
}

// make converts a source into a folder of the cache.
func (s Sources) make(ctx context.Context, path, source, folder string, snapshot hub.Snapshot) error {
	if snapshot.Folder != "" { // other programs may have fetched it, long ago
		client, err := s.client()
		if err == nil {
			err = client.Check(ctx, snapshot)
		}
		if err != nil {
			return err
		}
	}
	o := Options{In: path, Out: folder, To: Native, Progress: s.Progress}
	c, err := Open(path, o.Open)
	if err != nil {
		return err
	}
	if c.Model.Kind == checkpoint.Detector { // of which this program has the encoder
		o.Open.As = checkpoint.Encoder
	}
	if err := c.Close(); err != nil {
		return err
	}
	s.report("%s: converting it to a checkpoint of this program, kept as %s", source, folder)
	r, err := Run(ctx, o)
	if err != nil {
		return fmt.Errorf("%w\n%s cannot be used as it is: convert it (videomae convert), whose flags tell what the file does not and allow exceptions", err, source)
	}
	s.report("%s: %s; licence: %s", source, r.Model, r.Origin.Licence)
	for _, remark := range r.Remarks {
		s.report("  %s", remark)
	}
	for _, lost := range r.Lost {
		if lost.Change {
			s.report("  left out: %s: %s", lost.Name, lost.Why)
		}
	}
	return nil
}

func (s Sources) report(format string, values ...any) {
	if s.Report != nil {
		s.Report(fmt.Sprintf(format, values...))
	}
}
