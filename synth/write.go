// The data set on disk: video files and a manifest.

package synth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"videomae/video/mp4"
)

// Manifest is the name of the list that Write makes: CSV with the header path,label,split, paths relative to its folder.
const Manifest = "clips.csv"

// Write renders o.Clips clips into dir/videos/<motion>_<index>.mp4 and lists them in dir/clips.csv, which is written last and
// whole: a folder with a manifest is complete. Every class has the same share of validation clips, to one clip. progress,
// unless nil, is told of every finished clip, by one goroutine at a time.
//
// dir must be missing, empty, or hold nothing but the videos folder of a call that was interrupted, whose files are written anew.
func Write(ctx context.Context, dir string, o Options, progress func(done, total int)) error {
	if err := errors.Join(o.check(), mp4.Check()); err != nil {
		return err
	}
	if o.Clips < 1 {
		return fmt.Errorf("synth: %d clips, ask for at least 1", o.Clips)
	}
	if err := checkFolder(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "videos"), 0o777); err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if err := o.writeClips(ctx, dir, progress); err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	if err := o.writeManifest(dir); err != nil {
		return fmt.Errorf("synth: write manifest: %w", err)
	}
	return nil
}

// checkFolder refuses a folder that holds anything but an unfinished data set.
func checkFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("synth: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case Manifest:
			return fmt.Errorf("synth: %s holds a finished data set (%s): use it, remove it, or choose another folder", dir, Manifest)
		case "videos":
		default:
			return fmt.Errorf("synth: %s is not empty (%s): choose another folder", dir, e.Name())
		}
	}
	return nil
}

// name is the path of a clip's file relative to the manifest.
func (o Options) name(index int) string {
	return fmt.Sprintf("videos/%s_%05d.mp4", o.label(index).Motion, index)
}

// writeClips renders and encodes the clips, as many at a time as there are processors.
func (o Options) writeClips(ctx context.Context, dir string, progress func(done, total int)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	done := 0
	for i := range o.Clips {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			clip, _, err := Render(o, i)
			if err != nil {
				return err
			}
			if err := mp4.Write(ctx, filepath.Join(dir, o.name(i)), clip, o.FPS); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			if progress != nil {
				progress(done, o.Clips)
			}
			return nil
		})
	}
	return group.Wait()
}

// split says which part clip index belongs to. Each round through the classes belongs to one part, and the rounds are
// dealt out evenly.
func (o Options) split(index int) string {
	round := float64(index / len(o.Motions))
	if int((round+1)*o.ValShare) > int(round*o.ValShare) {
		return "val"
	}
	return "train"
}

// writeManifest writes the list among the videos, where a kill may leave it, flushes it, and moves it to its place.
func (o Options) writeManifest(dir string) error {
	var list strings.Builder
	list.WriteString("path,label,split\n")
	for i := range o.Clips {
		fmt.Fprintf(&list, "%s,%s,%s\n", o.name(i), o.label(i).Motion, o.split(i))
	}
	file, err := os.CreateTemp(filepath.Join(dir, "videos"), Manifest+".*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(list.String())
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, Manifest))
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
