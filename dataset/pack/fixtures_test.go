package pack

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/dataset/lists"
	"videomae/video"
)

// painter is a decoder of videos that are not there: their pixels and lengths follow from their names. It gives as few frames a call as
// are asked for, and fails where a name says so.
type painter struct{}

func (painter) Name() string { return "painter" }

func (painter) Probe(_ context.Context, path string) (video.Info, error) {
	if strings.Contains(path, "missing") {
		return video.Info{}, fmt.Errorf("video %s: no such file", path)
	}
	number := len(path) + int(path[len(path)-1])
	return video.Info{Path: path, Container: "mov", Codec: "h264", Frames: 5 + number%7, KeyFrames: 1, Width: 60 + number%9, Height: 40,
		FPS: 29.97, Seconds: 2.5, Variable: number%2 == 0, Rotation: 90}, nil
}

var errTorn = errors.New("torn tape")

func (painter) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	if err := ctx.Err(); err != nil {
		return video.Clip{}, err
	}
	if strings.Contains(info.Path, "torn") && indices[len(indices)-1] >= 3 {
		return video.Clip{}, fmt.Errorf("video %s: %w", info.Path, errTorn)
	}
	clip := video.NewClip(len(indices), layout.H, layout.W, out.Channels)
	for t, n := range indices {
		frame := clip.Frame(t)
		for i := range frame {
			x, y := i/out.Channels%layout.W, i/out.Channels/layout.W
			frame[i] = uint8(128 + 100*math.Sin(float64(x/2*(1+len(info.Path)%3)+n*5)/17)*math.Cos(float64(y/2+i%out.Channels)/13))
		}
	}
	return clip, nil
}

// listed are items of the given names.
func listed(names ...string) []lists.Item {
	items := make([]lists.Item, len(names))
	for i, name := range names {
		items[i] = lists.Item{Name: name, Path: "/videos/" + name, Label: "class " + name[:1]}
		if i%3 > 0 {
			items[i].Split = []string{"train", "val"}[i%2]
		}
	}
	return items
}

// many are n items.
func many(n int) []lists.Item {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%c/video %d.mp4", 'a'+i%4, i))
	}
	return listed(names...)
}

// settings are those of small packs.
func settings() Settings {
	s := Defaults()
	s.ShortSide = 32
	return s
}

// inSmallShards are options of packs of several shards.
func inSmallShards() Options {
	return Options{Settings: settings(), MaxBadShare: .1, shardBytes: 50_000}
}

func write(t testing.TB, dir string, items []lists.Item, o Options) Description {
	t.Helper()
	d, err := Write(context.Background(), dir, items, painter{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// contents reads the files of a pack.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

func items(t testing.TB, path string) []lists.Item {
	t.Helper()
	var all []lists.Item
	for item, err := range Items(path) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item)
	}
	return all
}
