package pack

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"videomae/internal/sha"
	"videomae/video"
)

// File is the name of a pack's description in its folder.
const File = "pack.json"

// Description is what a pack says of itself.
type Description struct {
	Format     string       `json:"format"`
	Version    int          `json:"version"`
	Settings   Settings     `json:"settings"`
	Source     string       `json:"source"`   // the list, as it was named
	Decoder    string       `json:"decoder"`  // that read the videos
	Identity   string       `json:"identity"` // of list and settings
	Items      int          `json:"items"`    // of the list
	Complete   bool         `json:"complete"` // the shards hold them all
	Shards     []Shard      `json:"shards"`   // finished ones, in the order of the list
	Unreadable []Unreadable `json:"unreadable"`
}

// Shard is a finished file of a pack.
type Shard struct {
	File   string `json:"file"`
	First  int    `json:"first"` // number of its first item in the list
	Items  int    `json:"items"` // unreadable ones included
	Frames int    `json:"frames"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Unreadable is an item that is not in the pack, and why.
type Unreadable struct {
	Item   int    `json:"item"` // number in the list
	Name   string `json:"name"`
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

const formatName = "videomae pack"

// shardName is the file of shard n.
func shardName(n int) string { return fmt.Sprintf("shard-%05d%s", n, video.ShardExtension) }

// Covered is how many items of the list are in finished shards.
func (d Description) Covered() int {
	n := 0
	for _, s := range d.Shards {
		n += s.Items
	}
	return n
}

// Frames is how many frames the finished shards hold.
func (d Description) Frames() int {
	n := 0
	for _, s := range d.Shards {
		n += s.Frames
	}
	return n
}

// Bytes is how long the finished shards are.
func (d Description) Bytes() int64 {
	var n int64
	for _, s := range d.Shards {
		n += s.Bytes
	}
	return n
}

// Is tells whether a path is a pack's folder or a shard.
func Is(path string) bool {
	if filepath.Ext(path) == video.ShardExtension {
		return true
	}
	_, err := os.Stat(filepath.Join(path, File))
	return err == nil
}

// Describe reads the description of the pack in a folder, finished or not.
func Describe(dir string) (Description, error) {
	path := filepath.Join(dir, File)
	text, err := os.ReadFile(path)
	if err != nil {
		return Description{}, fmt.Errorf("pack %s: %w", path, video.Reason(err))
	}
	d, err := parseDescription(text)
	if err != nil {
		return Description{}, fmt.Errorf("pack %s: %w", path, err)
	}
	return d, nil
}

func parseDescription(text []byte) (Description, error) {
	var d Description
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return d, fmt.Errorf("is not the description of a pack: %w", err)
	}
	if d.Format != formatName || d.Version != version {
		return d, fmt.Errorf("is %q of version %d; this program reads %q of version %d", d.Format, d.Version, formatName, version)
	}
	next := 0
	for n, s := range d.Shards {
		if s.File != shardName(n) || s.First != next || s.Items < 1 || s.Items > d.Items-next || s.Frames < 0 || s.Bytes < 0 {
			return d, fmt.Errorf("shard %d, %q with items %d to %d of %d, does not follow the one before", n, s.File, s.First, s.First+s.Items-1, d.Items)
		}
		next += s.Items
	}
	if d.Complete && next != d.Items {
		return d, fmt.Errorf("has %d of %d items, yet calls itself complete", next, d.Items)
	}
	return d, nil
}

// write puts the description into a folder, beside the old one and then in its place.
func (d Description) write(dir string) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, File)
	err = publish(path, func(f *os.File) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		return fmt.Errorf("pack %s: %w", path, err)
	}
	return nil
}

// part ends the name of a file in the making.
const part = ".part"

// publish makes a file appear complete or not at all, on the disk too.
func publish(path string, fill func(*os.File) error) error {
	f, err := os.Create(path + part)
	if err != nil {
		return video.Reason(err)
	}
	if err := errors.Join(fill(f), f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path + part) // the first error matters
		return video.Reason(err)
	}
	return settle(path)
}

// settle gives a finished and closed file its name, for good.
func settle(path string) error {
	if err := os.Rename(path+part, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// digest is the SHA-256 of a file, in hexadecimal digits.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
