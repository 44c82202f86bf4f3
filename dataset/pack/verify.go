package pack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// examined is a shard whose every byte has been looked at.
type examined struct {
	Shard
	header
}

// examine checks a shard by itself, and lists the items that were unreadable when it was packed.
func examine(path string) (examined, []Unreadable, error) {
	s, err := openShard(path)
	if err != nil {
		return examined{}, nil, err
	}
	defer s.close()
	found := examined{Shard: Shard{File: filepath.Base(path), First: s.first, Items: s.items, Bytes: s.length}, header: s.header}
	var bad []Unreadable
	n, at := 0, int64(headerSize)
	var damage []error
	for e, err := range s.entries() {
		if err != nil {
			return examined{}, nil, errors.Join(append(damage, err)...)
		}
		if e.reason != "" {
			bad = append(bad, Unreadable{Item: s.first + n, Name: e.item.Name, Path: e.item.Path, Reason: e.reason})
		}
		damage = append(damage, s.examineClip(n, e, at)...)
		found.Frames += e.frames
		at = e.tableAt + int64(e.frames)*frameRow
		n++
	}
	if len(damage) > 0 {
		return examined{}, nil, errors.Join(damage...)
	}
	if found.SHA256, err = digest(path); err != nil {
		return examined{}, nil, s.damage(-1, "", -1, err)
	}
	return found, bad, nil
}

// examineClip checks the frames of clip n, which must begin at an offset. Each damaged one is an error.
func (s *shard) examineClip(n int, e entry, at int64) []error {
	if e.at != at {
		return []error{s.damage(n, e.item.Name, -1, fmt.Errorf("begins at byte %d; the clip before ends at %d", e.at, at))}
	}
	spans, err := s.spans(n, e)
	if err != nil {
		return []error{err}
	}
	var damage []error
	var buffer []byte
	for i, sp := range spans {
		if buffer, err = s.frame(sp, buffer); err != nil {
			damage = append(damage, s.damage(n, e.item.Name, i, err))
		}
	}
	return damage
}

// Verify checks every byte of a pack, shards side by side. The error names each damaged shard, clip and frame.
func Verify(ctx context.Context, dir string, workers int, progress func(done, total int)) (Description, error) {
	d, err := Describe(dir)
	if err != nil {
		return d, err
	}
	results := make(chan error)
	var group errgroup.Group
	group.SetLimit(max(1, workers))
	go func() {
		for n, s := range d.Shards {
			group.Go(func() error {
				if ctx.Err() == nil {
					results <- d.compare(filepath.Join(dir, s.File), n)
				} else {
					results <- ctx.Err()
				}
				return nil
			})
		}
		_ = group.Wait() // errors go through results
		close(results)
	}()
	var damage []error
	done := 0
	for err := range results {
		if err != nil {
			damage = append(damage, err)
		}
		done++
		progress(done, len(d.Shards))
	}
	if ctx.Err() != nil {
		return d, ctx.Err()
	}
	return d, errors.Join(damage...)
}

// compare checks shard n and that it is the one that the description means.
func (d Description) compare(path string, n int) error {
	found, _, err := examine(path)
	if err != nil {
		return err
	}
	want := d.Shards[n]
	if err := d.belongs(found.header, n); err != nil {
		return &Damage{path, -1, "", -1, err}
	}
	if found.Shard != want {
		return &Damage{path, -1, "", -1, fmt.Errorf("is not the shard that %s describes: %d items, %d frames, %d bytes, SHA-256 %s, instead of %d, %d, %d, %s",
			File, found.Items, found.Frames, found.Bytes, found.SHA256, want.Items, want.Frames, want.Bytes, want.SHA256)}
	}
	return nil
}
