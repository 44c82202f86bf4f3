package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"videomae/dataset"
	"videomae/dataset/pack"
)

// packOptions are what pack was asked for.
type packOptions struct {
	pack.Options
	out       string
	decoder   string
	frameRate float64
	verify    bool
	json      bool
}

// packed is what pack tells of its work.
type packed struct {
	Pack       string            `json:"pack"`
	Items      int               `json:"items"`
	Frames     int               `json:"frames"`
	Shards     int               `json:"shards"`
	Bytes      int64             `json:"bytes"`
	Settings   pack.Settings     `json:"settings"`
	Unreadable []pack.Unreadable `json:"unreadable"`
}

func newPack(s Streams) *cobra.Command {
	o := packOptions{Options: pack.Options{Settings: pack.Defaults()}}
	c := &cobra.Command{
		Use:   "pack DATA",
		Short: "Decode videos once, and keep their frames where they are read fast",
		Long: fmt.Sprintf(`Decode the videos of a list or folder, scale them, and keep their frames as JPEG pictures in large files with checksums. Every
--data reads such a folder as it reads the list: the same names, labels, splits and order, several times as fast.

A pack that was interrupted, by Ctrl-C, a kill or a full disk, goes on with the same command; finished shards stay as they are. Videos
that cannot be read are listed in %s with the reason. With --verify DATA is a pack, and every byte of it is checked: a damaged shard is
named with clip and frame. A shard that has been deleted, for damage or to try its videos once more, is made anew by the same command.`, pack.File),
		Example: example(
			"videomae pack kinetics400/train.csv --short-side 256 --out k400-256",
			"videomae pack clips --short-side 320 --quality 90 --workers 8 --out packed",
			"videomae pack --verify packed"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one list, folder or pack (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if o.verify {
				return verifyPack(c.Context(), s, args[0], o)
			}
			return packVideos(c.Context(), s, args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder of the pack; new, or one that was begun with the same options")
	f.IntVar(&o.ShortSide, "short-side", o.ShortSide, "scale frames until their shorter side has this many pixels; smaller ones stay as they are")
	f.IntVar(&o.Quality, "quality", o.Quality, "of the JPEG pictures, 1 to 100")
	f.IntVar(&o.Channels, "channels", o.Channels, "3 (colour) or 1 (grey)")
	f.Int64Var(&o.ShardMiB, "shard-mib", o.ShardMiB, "size at which a shard is finished")
	f.IntVar(&o.Workers, "workers", 0, "videos decoded at the same time (0: one for each CPU)")
	f.Float64Var(&o.MaxBadShare, "max-bad-share", .01, "share of unreadable videos at which packing stops")
	f.StringVar(&o.decoder, "decoder", autoDecoder, decoderHelp)
	f.Float64Var(&o.frameRate, "frame-rate", 25, "frames a second of folders of pictures")
	f.BoolVar(&o.verify, "verify", false, "check the pack DATA")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

// packDeadline bounds one call of the decoder, which may be for hundreds of frames far inside a long video.
const packDeadline = 10 * time.Minute

func packVideos(ctx context.Context, s Streams, data string, o packOptions) error {
	if o.out == "" {
		return fmt.Errorf("--out, the folder of the pack, is needed (%w)", errUsage)
	}
	if err := o.Settings.Check(); err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	items, err := statedItems(data)
	if err != nil {
		return err
	}
	decoder, err := decoding{decoder: o.decoder, frameRate: o.frameRate, workers: o.Workers, deadline: packDeadline}.open()
	if err != nil {
		return err
	}
	defer decoder.Close()
	show := newPackProgress(s)
	o.Source, o.Progress, o.Report = data, show.progress, show.unreadable
	d, err := pack.Write(ctx, o.out, items, decoder, o.Options)
	show.close()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted with %d of %d items in finished shards; the same command goes on: %w", d.Covered(), len(items), err)
	}
	if err != nil {
		return err
	}
	return printPack(s, o.out, d, o.json)
}

// statedItems reads a list whole, with splits only where it states them.
func statedItems(data string) ([]dataset.Item, error) {
	rows, err := dataset.Stated(data, dataset.Options{})
	if err != nil {
		return nil, err
	}
	var items []dataset.Item
	for item, err := range rows {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func verifyPack(ctx context.Context, s Streams, dir string, o packOptions) error {
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	d, err := pack.Verify(ctx, dir, workers, func(done, total int) {
		if done*10/total > (done-1)*10/total {
			fmt.Fprintf(s.Err, "shard %d/%d\n", done, total)
		}
	})
	if err != nil {
		return err
	}
	if !d.Complete {
		return fmt.Errorf("pack %s: its %d finished shards are sound, but they hold %d of %d items", dir, len(d.Shards), d.Covered(), d.Items)
	}
	return printPack(s, dir, d, o.json)
}

func printPack(s Streams, dir string, d pack.Description, json bool) error {
	if json {
		return printJSON(s.Out, packed{dir, d.Items, d.Frames(), len(d.Shards), d.Bytes(), d.Settings, d.Unreadable})
	}
	const shown = 20
	for i, u := range d.Unreadable {
		if i == shown {
			fmt.Fprintf(s.Out, "and %d more, in %s\n", len(d.Unreadable)-shown, pack.File)
			break
		}
		fmt.Fprintf(s.Out, "unreadable: %s: %s\n", u.Name, u.Reason)
	}
	fmt.Fprintf(s.Out, "%d videos (%d unreadable), %d frames of short side %d in %d shards, %.1f MiB: %s\n", d.Items, len(d.Unreadable), d.Frames(),
		d.Settings.ShortSide, len(d.Shards), float64(d.Bytes())/(1<<20), dir)
	return nil
}
