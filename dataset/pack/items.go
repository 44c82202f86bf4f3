package pack

import (
	"encoding/hex"
	"fmt"
	"iter"
	"path/filepath"

	"videomae/dataset/lists"
	"videomae/video"
)

// Items yields the items of a complete pack, or of a single shard, in the order of the list they were packed from: those that could not be
// read too, so that a run on the pack is the run on the list. Names, labels and splits are the list's. An error ends it.
func Items(path string) iter.Seq2[lists.Item, error] {
	return func(yield func(lists.Item, error) bool) {
		if filepath.Ext(path) == video.ShardExtension {
			_ = shardItems(path, nil, yield) // the only shard
			return
		}
		d, err := Describe(path)
		if err == nil && !d.Complete {
			err = fmt.Errorf("pack %s: has %d of %d items: finish it by the command that began it; its finished shards can be given one by one", path, d.Covered(), d.Items)
		}
		if err != nil {
			yield(lists.Item{}, err)
			return
		}
		for n, s := range d.Shards {
			check := func(s *shard) error { return d.matches(s, n) }
			if !shardItems(filepath.Join(path, s.File), check, yield) {
				return
			}
		}
	}
}

// shardItems yields the items of a shard that passes a check, and tells whether to go on.
func shardItems(path string, check func(*shard) error, yield func(lists.Item, error) bool) bool {
	s, err := openShard(path)
	if err != nil {
		yield(lists.Item{}, err)
		return false
	}
	defer s.close()
	if check != nil {
		if err := check(s); err != nil {
			yield(lists.Item{}, s.damage(-1, "", -1, err))
			return false
		}
	}
	n := 0
	for e, err := range s.entries() {
		e.item.Path = video.Packed(path, n)
		if !yield(e.item, err) || err != nil {
			return false
		}
		n++
	}
	return true
}

// matches compares the ends of a shard with its description.
func (d Description) matches(s *shard, n int) error {
	if err := d.belongs(s.header, n); err != nil {
		return err
	}
	if want := d.Shards[n]; s.items != want.Items || s.length != want.Bytes {
		return fmt.Errorf("has %d items and %d bytes, but %s says %d and %d", s.items, s.length, File, want.Items, want.Bytes)
	}
	return nil
}

// belongs tells whether a header is that of shard n of the pack.
func (d Description) belongs(h header, n int) error {
	if hex.EncodeToString(h.identity[:]) != d.Identity {
		return fmt.Errorf("belongs to another pack")
	}
	if h.number != n || h.first != d.Shards[n].First {
		return fmt.Errorf("is shard %d, from item %d on, but stands for shard %d, from item %d on", h.number, h.first, n, d.Shards[n].First)
	}
	return nil
}
