// Package dataset holds lists of videos (manifests) and the loader that turns them into batches of clips.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"videomae/video"
)

// Item is one video of a manifest.
type Item struct {
	Name  string // how the list names it: the path as written there, or relative to the folder, with forward slashes
	Path  string // where it is: a video file or a folder of frames
	Label string // class name or number; "" without one
	Split string // "train", "val" or as the list says
}

// Manifest is a list of videos in the order of their source.
type Manifest struct {
	Source string // path of the list or folder
	Items  []Item // never empty
}

// Options choose from a manifest.
type Options struct {
	Split    string  // "" takes every item
	ValShare float64 // chance of an item whose split is not stated to be in "val", in [0, 1); the rest is "train"
}

// The splits of items whose list states none.
const (
	Train = "train"
	Val   = "val"
)

// Load reads a manifest from a folder or a list.
//
// A folder is searched through: each video file and each folder of pictures is an item, and the folder it lies in is its label. A
// list is a CSV file with a header (columns path, label, split; only path is needed, others are ignored; relative paths start at the
// list's folder) or the official form without one ("path label" with a space between; paths are used as they are; spec section 5.1).
// Items without a split get one from HashSplit.
func Load(path string, o Options) (Manifest, error) {
	if !(o.ValShare >= 0 && o.ValShare < 1) {
		return Manifest{}, fmt.Errorf("validation share %v must be at least 0 and below 1", o.ValShare)
	}
	entry, err := os.Stat(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("data %s: %w", path, video.Reason(err))
	}
	var items []Item
	if entry.IsDir() {
		items, err = scan(path)
	} else {
		items, err = readList(path)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("data %s: %w", path, err)
	}
	for i := range items {
		if items[i].Split == "" {
			items[i].Split = HashSplit(items[i].Name, o.ValShare)
		}
	}
	items, err = choose(items, o.Split)
	if err != nil {
		return Manifest{}, fmt.Errorf("data %s: %w", path, err)
	}
	return Manifest{Source: path, Items: items}, nil
}

// HashSplit is the split of an item whose list states none, a function of its name alone: the first 8 bytes of the name's SHA-256,
// read as a big-endian number and divided by 2^64, are below share for Val, else it is Train. Items keep their split when others come or go.
func HashSplit(name string, share float64) string {
	sum := sha256.Sum256([]byte(name))
	if float64(binary.BigEndian.Uint64(sum[:8]))/math.Exp2(64) < share {
		return Val
	}
	return Train
}

func choose(items []Item, split string) ([]Item, error) {
	if len(items) == 0 {
		return nil, errors.New("lists no videos")
	}
	if split == "" {
		return items, nil
	}
	count := map[string]int{}
	var chosen []Item
	for _, item := range items {
		count[item.Split]++
		if item.Split == split {
			chosen = append(chosen, item)
		}
	}
	if len(chosen) == 0 {
		var have []string
		for _, name := range slices.Sorted(maps.Keys(count)) {
			have = append(have, fmt.Sprintf("%s (%d)", name, count[name]))
		}
		return nil, fmt.Errorf("has no items of split %q; it has %s", split, strings.Join(have, ", "))
	}
	return chosen, nil
}

// Hash identifies the manifest's content for the record of a run: names, labels and splits in order, not where the files are.
func (m Manifest) Hash() string {
	h := sha256.New()
	for _, item := range m.Items {
		for _, field := range []string{item.Name, item.Label, item.Split} {
			_ = binary.Write(h, binary.LittleEndian, uint64(len(field))) // a hash never fails to write
			_, _ = h.Write([]byte(field))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
