// Package dataset holds lists of videos (manifests) and the loader that turns them into batches of clips.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"videomae/dataset/lists"
	"videomae/dataset/pack"
)

// Item is one video of a manifest.
type Item = lists.Item

// Manifest is a list of videos in the order of their source.
type Manifest struct {
	Source string // path of the list or folder
	Items  []Item // never empty
}

// Options choose from a manifest.
type Options struct {
	Split    string  // "" takes every item
	ValShare float64 // chance of an item whose split is not stated to be in "val", in [0, 1); the rest is "train"

	List lists.Options // how the list is to be read; its zero value finds out

	// For experiments; Load's alone, after the split is chosen.
	PerClass      int    // keep at most so many items of each class; 0 keeps all
	ShuffleLabels bool   // deal the labels out anew
	Seed          uint64 // what both draw from
}

// The splits of items whose list states none.
const (
	Train = "train"
	Val   = "val"
)

// Load reads a manifest from a folder or a list of any of the kinds of package lists, or from a pack of one, which gives the same items.
// Every row must be sound.
//
// A folder is searched through: each video file and each folder of pictures is an item, and the folder it lies in is its label. A
// list is most simply a CSV file with a header (columns path, label, split; only path is needed, others are ignored; relative paths start
// at the list's folder) or the official form without one ("path label" with a space between; paths are used as they are; spec
// section 5.1). Items without a split get one from HashSplit.
func Load(path string, o Options) (Manifest, error) {
	all := o
	all.Split = ""
	var items []Item
	for item, err := range Rows(path, all) {
		if err != nil {
			return Manifest{}, err
		}
		items = append(items, item)
	}
	items, err := o.choose(items)
	if err != nil {
		return Manifest{}, fmt.Errorf("data %s: %w", path, err)
	}
	return Manifest{Source: path, Items: items}, nil
}

// Rows yields the items of a pack, folder or list one by one, as Load gives them, without holding them. An error of one row (lists.IsRow) does
// not end it, another does.
func Rows(path string, o Options) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		if !(o.ValShare >= 0 && o.ValShare < 1) {
			yield(Item{}, fmt.Errorf("validation share %v must be at least 0 and below 1", o.ValShare))
			return
		}
		rows, err := Stated(path, o)
		if err != nil {
			yield(Item{}, err)
			return
		}
		for item, err := range rows {
			if err == nil && item.Split == "" {
				item.Split = HashSplit(item.Name, o.ValShare)
			}
			if err == nil && o.Split != "" && item.Split != o.Split {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// Stated gives the rows of a pack, folder or list as they stand there: the split of those that state none is "".
func Stated(path string, o Options) (iter.Seq2[Item, error], error) {
	if pack.Is(path) {
		return pack.Items(path), nil
	}
	source, err := lists.Open(path, o.List)
	if err != nil {
		return nil, err
	}
	return source.Rows(), nil
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

// choose takes the items that are asked for.
func (o Options) choose(items []Item) ([]Item, error) {
	items, err := ofSplit(items, o.Split)
	if err == nil && o.PerClass != 0 {
		items, err = PerClass(items, o.PerClass, o.Seed)
	}
	if err == nil && o.ShuffleLabels {
		items = ShuffleLabels(items, o.Seed)
	}
	return items, err
}

func ofSplit(items []Item, split string) ([]Item, error) {
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

// Hash identifies the manifest's content for the record of a run: names, labels, splits and parts of folders in order, not where the files are.
func (m Manifest) Hash() string {
	h := sha256.New()
	for _, item := range m.Items {
		for _, field := range []string{item.Name, item.Label, item.Split} {
			_ = binary.Write(h, binary.LittleEndian, uint64(len(field))) // a hash never fails to write
			_, _ = h.Write([]byte(field))
		}
		if item.Count > 0 {
			_ = binary.Write(h, binary.LittleEndian, [2]uint64{uint64(item.First), uint64(item.Count)})
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
