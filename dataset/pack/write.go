package pack

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"

	"videomae/dataset/lists"
	"videomae/video"
)

// Options say how a pack is made. What it holds depends on Settings alone.
type Options struct {
	Settings
	Source      string  // name of the list, for the description
	MaxBadShare float64 // share of the items that may be unreadable; above 0, one always may
	Workers     int     // videos decoded at once (0: one for each CPU)

	Progress func(Progress)   // called after each item; may be nil
	Report   func(Unreadable) // called for each item that cannot be read; may be nil

	shardBytes int64 // ShardMiB in bytes, and decodedBytes, but for tests
	callBytes  int
}

// Progress is how far packing is.
type Progress struct {
	Done, Items int // items of the list
	Frames      int // written since Write began
	Bytes       int64
	Shards      int // finished
	Unreadable  int // of those done
}

// Write packs the items of a list into a folder, or goes on where a call before was interrupted, with the finished shards as they are. A
// finished shard that has been removed since is made anew. Items that cannot be read to their end are in the description with the reason;
// when they are more than the share that may be, Write stops.
func Write(ctx context.Context, dir string, items []lists.Item, d video.Decoder, o Options) (Description, error) {
	if err := o.check(items); err != nil {
		return Description{}, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return Description{}, fmt.Errorf("pack %s: %w", dir, video.Reason(err))
	}
	lock := flock.New(filepath.Join(dir, ".lock"))
	if held, err := lock.TryLock(); err != nil {
		return Description{}, fmt.Errorf("pack %s: %w", dir, err)
	} else if !held {
		return Description{}, fmt.Errorf("pack %s: another process is writing it", dir)
	}
	defer func() { _ = lock.Unlock() }() // the end of the process does too
	p := &packer{dir: dir, items: items, decoder: d, o: o}
	if err := p.open(); err != nil {
		return Description{}, fmt.Errorf("pack %s: %w", dir, err)
	}
	if err := p.run(ctx); err != nil {
		return p.d, fmt.Errorf("pack %s: %w", dir, err)
	}
	return p.d, nil
}

func (o *Options) check(items []lists.Item) error {
	if err := o.Settings.Check(); err != nil {
		return err
	}
	if !(o.MaxBadShare >= 0 && o.MaxBadShare <= 1) {
		return fmt.Errorf("share of unreadable items %v must lie between 0 and 1", o.MaxBadShare)
	}
	if o.Workers < 0 {
		return fmt.Errorf("%d workers: must be at least 0", o.Workers)
	}
	if len(items) == 0 {
		return errors.New("there are no videos to pack")
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.shardBytes == 0 {
		o.shardBytes = o.ShardMiB << 20
	}
	if o.callBytes == 0 {
		o.callBytes = decodedBytes
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Report == nil {
		o.Report = func(Unreadable) {}
	}
	return nil
}

// packer is a pack in the making.
type packer struct {
	dir      string
	items    []lists.Item
	decoder  video.Decoder
	o        Options
	identity [32]byte
	d        Description
	progress Progress
	bad      map[int]Unreadable // by number in the list
}

// open reads what there is of the pack, or begins one.
func (p *packer) open() error {
	p.identity = identity(p.o.Settings, p.items)
	p.bad = map[int]Unreadable{}
	p.d = Description{Format: formatName, Version: version, Settings: p.o.Settings, Source: p.o.Source, Decoder: p.decoder.Name(),
		Identity: hex.EncodeToString(p.identity[:]), Items: len(p.items), Shards: []Shard{}, Unreadable: []Unreadable{}}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return video.Reason(err)
	}
	there := false
	for _, e := range entries {
		there = there || e.Name() == File
	}
	if !there {
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), part) {
				return fmt.Errorf("the folder holds %s, but no pack: choose another", e.Name())
			}
		}
		return p.d.write(p.dir)
	}
	before, err := Describe(p.dir)
	if err != nil {
		return err
	}
	if before.Identity != p.d.Identity {
		return fmt.Errorf("the folder holds a pack of another list or of other settings (%s; short side %d, quality %d, %d channels, shards of %d MiB): choose another, or pack as before",
			before.Source, before.Settings.ShortSide, before.Settings.Quality, before.Settings.Channels, before.Settings.ShardMiB)
	}
	if before.Decoder != p.d.Decoder && !before.Complete {
		return fmt.Errorf("the pack was begun with the decoder %s: go on with that one", before.Decoder)
	}
	p.d.Decoder = before.Decoder
	p.d.Shards, p.d.Complete = before.Shards, before.Complete
	for _, u := range before.Unreadable {
		p.bad[u.Item] = u
	}
	return p.adopt()
}

// adopt takes in shards that were finished when the description of them was not yet written, and removes what was unfinished.
func (p *packer) adopt() error {
	for p.d.Covered() < len(p.items) {
		n, first := len(p.d.Shards), p.d.Covered()
		path := filepath.Join(p.dir, shardName(n))
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			break
		}
		found, bad, err := examine(path)
		if err != nil {
			return fmt.Errorf("%w; remove the file to pack its clips again", err)
		}
		if found.identity != p.identity || found.First != first || found.number != n {
			return fmt.Errorf("%s belongs to another pack: remove it", path)
		}
		p.d.Shards = append(p.d.Shards, found.Shard)
		for _, u := range bad {
			p.bad[u.Item] = u
		}
	}
	leftovers, err := filepath.Glob(filepath.Join(p.dir, "*"+part))
	if err != nil {
		return err
	}
	for _, path := range leftovers {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// run makes the shards that are missing.
func (p *packer) run(ctx context.Context) error {
	p.progress = Progress{Done: p.d.Covered(), Items: len(p.items), Shards: len(p.d.Shards), Unreadable: len(p.bad)}
	for n, s := range p.d.Shards {
		if _, err := os.Stat(filepath.Join(p.dir, s.File)); errors.Is(err, os.ErrNotExist) {
			p.progress.Done -= s.Items
			p.progress.Shards--
			if err := p.pack(ctx, n, s.First, s.First+s.Items, true); err != nil {
				return err
			}
		} else if err != nil {
			return video.Reason(err)
		}
	}
	if err := p.pack(ctx, len(p.d.Shards), p.d.Covered(), len(p.items), false); err != nil {
		return err
	}
	p.d.Complete = true
	return p.describe()
}

// describe writes the description.
func (p *packer) describe() error {
	p.d.Unreadable = p.unreadable()
	return p.d.write(p.dir)
}

func (p *packer) unreadable() []Unreadable {
	list := make([]Unreadable, 0, len(p.bad))
	for _, u := range p.bad {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b Unreadable) int { return a.Item - b.Item })
	return list
}

// pack packs items from first to end into shards from number on: into that one alone, or into as many as their size asks for.
func (p *packer) pack(ctx context.Context, number, first, end int, one bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	queue := p.start(ctx, &running, first, end)
	for first < end {
		s, err := p.shard(ctx, queue, number, first, end, one)
		if err != nil {
			return err
		}
		if number < len(p.d.Shards) {
			p.d.Shards[number] = s
		} else {
			p.d.Shards = append(p.d.Shards, s)
		}
		p.progress.Shards++
		if err := p.describe(); err != nil {
			return err
		}
		first += s.Items
		number++
	}
	return nil
}

// start reads items in order, as many at once as there are workers. Those that are read and wait for their turn are at most as many
// again. The first in the queue is always being read, so that none waits for ever.
func (p *packer) start(ctx context.Context, running *sync.WaitGroup, first, end int) <-chan *clip {
	queue := make(chan *clip, p.o.Workers)
	free := make(chan struct{}, p.o.Workers)
	running.Go(func() {
		defer close(queue)
		for _, item := range p.items[first:end] {
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return
			}
			c := newClip(item)
			running.Go(func() {
				c.read(ctx, p.decoder, p.o)
				<-free
			})
			select {
			case queue <- c:
			case <-ctx.Done():
				return
			}
		}
	})
	return queue
}
