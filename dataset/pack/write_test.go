package pack

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomae/dataset/lists"
	"videomae/video"
)

func TestPackGivesBackWhatWentIn(t *testing.T) {
	for _, channels := range []int{1, 3} {
		o := Options{Settings: settings()}
		o.Channels = channels
		dir := t.TempDir()
		list := append(many(7), many(1)[0]) // a name twice
		d := write(t, dir, list, o)
		if !d.Complete || d.Items != len(list) || d.Covered() != len(list) || len(d.Unreadable) != 0 {
			t.Errorf("description %+v", d)
		}
		got := items(t, dir)
		for i, item := range got {
			want := list[i]
			want.Path = item.Path
			if item != want {
				t.Errorf("item %d is %+v, want %+v", i, item, want)
			}
			checkClip(t, item.Path, list[i], o.Settings)
		}
	}
}

// checkClip compares a clip with what the painter shows at the pack's size.
func checkClip(t *testing.T, path string, item lists.Item, s Settings) {
	t.Helper()
	ctx := context.Background()
	source, err := painter{}.Probe(ctx, item.Path)
	if err != nil {
		t.Fatal(err)
	}
	scaled := video.Output{Channels: s.Channels, ShortSide: s.ShortSide}
	layout, err := scaled.Layout(source.Width, source.Height)
	if err != nil {
		t.Fatal(err)
	}
	info, err := Decoder{}.Probe(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	want := video.Info{Path: path, Container: video.PackContainer, Codec: "mjpeg", Frames: source.Frames, KeyFrames: source.Frames,
		Width: layout.W, Height: layout.H, FPS: source.FPS, Seconds: source.Seconds, Variable: source.Variable}
	if info != want {
		t.Errorf("probed %+v, want %+v", info, want)
	}
	if original, err := Original(path); err != nil || original != source {
		t.Errorf("original %+v, %v; want %+v", original, err, source)
	}
	indices := []int{0, 2, 2, source.Frames - 1}
	for _, out := range []video.Output{{Channels: s.Channels}, {Channels: s.Channels, ShortSide: s.ShortSide, Crop: 24}, {Channels: s.Channels, ShortSide: 20, Crop: 16}} {
		got, err := Decoder{}.Frames(ctx, info, indices, out)
		if err != nil {
			t.Fatal(err)
		}
		if out.ShortSide == 20 {
			if got.H != 16 || got.W != 16 {
				t.Errorf("scaled to %v", got)
			}
			continue
		}
		whole, err := painter{}.Frames(ctx, source, indices, scaled)
		if err != nil {
			t.Fatal(err)
		}
		want := cut(t, whole, out)
		const within = 12 // levels at quality 95
		for i, v := range want.Pix {
			if d := int(v) - int(got.Pix[i]); len(got.Pix) != len(want.Pix) || d > within || d < -within {
				t.Fatalf("%s: value %d of %v is %d, want %d", item.Name, i, got, got.Pix[i], v)
			}
		}
	}
}

// cut takes from whole frames what an output shows of them.
func cut(t *testing.T, whole video.Clip, out video.Output) video.Clip {
	t.Helper()
	l, err := video.Output{Channels: whole.C, Crop: out.Crop}.Layout(whole.W, whole.H)
	if err != nil {
		t.Fatal(err)
	}
	part := video.NewClip(whole.T, l.H, l.W, whole.C)
	for n := range whole.T {
		for y := range l.H {
			copy(part.Frame(n)[y*l.W*whole.C:][:l.W*whole.C], whole.Frame(n)[((l.Y+y)*whole.W+l.X)*whole.C:])
		}
	}
	return part
}

func TestSmallVideosAreNotEnlarged(t *testing.T) {
	o := Options{Settings: Defaults()}
	dir := t.TempDir()
	write(t, dir, many(1), o)
	info, err := Decoder{}.Probe(context.Background(), items(t, dir)[0].Path)
	if err != nil || info.Height != 40 {
		t.Errorf("%+v, %v; want 40 rows as in the video", info, err)
	}
}

func TestPackIsTheSameForAnyWorkersAndInterruptions(t *testing.T) {
	list := many(40)
	list[11].Path = "/videos/torn 11.mp4"
	list[12].Path = "/videos/missing 12.mp4"
	o := inSmallShards()
	o.Workers = 1
	straight := t.TempDir()
	if d := write(t, straight, list, o); len(d.Shards) < 4 {
		t.Fatalf("%d shards are too few for this test", len(d.Shards))
	}
	want := contents(t, straight)
	for _, workers := range []int{1, 3, 16} {
		dir := t.TempDir()
		o.Workers = workers
		interruptions := 0
		for {
			ctx, cancel := context.WithCancel(context.Background())
			left := 1 + rand.IntN(12)
			o.Progress = func(Progress) {
				if left--; left == 0 {
					cancel()
				}
			}
			before := contents(t, dir)
			d, err := Write(ctx, dir, list, painter{}, o)
			cancel()
			for name, data := range before { // finished shards stay
				if strings.HasSuffix(name, video.ShardExtension) && contents(t, dir)[name] != data {
					t.Fatalf("%s was written again", name)
				}
			}
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) || d.Complete {
				t.Fatal(err)
			}
			interruptions++
			if interruptions > 1000 {
				t.Fatal("the pack does not get on")
			}
		}
		if got := contents(t, dir); !maps.Equal(got, want) {
			t.Errorf("%d workers, %d interruptions: the pack differs", workers, interruptions)
		}
	}
}

func TestUnreadableVideosAreListedAndKeepTheirPlace(t *testing.T) {
	list := many(9)
	list[3].Path = "/videos/torn.mp4"
	list[8].Path = "/videos/missing.mp4"
	o := Options{Settings: settings(), MaxBadShare: .25, callBytes: 10_000} // a frame or two, so that the torn one has sent some before it fails
	var reported []Unreadable
	o.Report = func(u Unreadable) { reported = append(reported, u) }
	dir := t.TempDir()
	d := write(t, dir, list, o)
	want := []Unreadable{
		{3, list[3].Name, list[3].Path, "video /videos/torn.mp4: torn tape"},
		{8, list[8].Name, list[8].Path, "video /videos/missing.mp4: no such file"},
	}
	if diff := cmp.Diff(want, d.Unreadable) + cmp.Diff(want, reported); diff != "" {
		t.Error(diff)
	}
	if _, err := Verify(context.Background(), dir, 2, func(int, int) {}); err != nil {
		t.Error(err)
	}
	got := items(t, dir)
	if len(got) != len(list) {
		t.Fatalf("%d items, want %d", len(got), len(list))
	}
	for i, item := range got {
		_, err := Decoder{}.Probe(context.Background(), item.Path)
		if bad := i == 3 || i == 8; (err != nil) != bad || bad && !strings.Contains(err.Error(), d.Unreadable[i/8].Reason) {
			t.Errorf("item %d: %v", i, err)
		}
		if err == nil {
			checkClip(t, item.Path, list[i], o.Settings)
		}
	}
}

func TestTooManyUnreadableVideosStopAndAreNamed(t *testing.T) {
	list := many(30)
	for i := 10; i < 14; i++ {
		list[i].Path = "/videos/missing.mp4"
	}
	o := Options{Settings: settings(), MaxBadShare: .1}
	dir := t.TempDir()
	_, err := Write(context.Background(), dir, list, painter{}, o)
	if err == nil || !strings.Contains(err.Error(), "4 of 30") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v", err)
	}
	for item, err := range Items(dir) {
		if err == nil || !strings.Contains(err.Error(), "0 of 30 items") {
			t.Errorf("an unfinished pack gives %+v, %v", item, err)
		}
	}
	o.MaxBadShare = .2
	write(t, dir, list, o) // goes on
}

func TestFoldersOfOthersAreRefused(t *testing.T) {
	o := inSmallShards()
	list := many(12)
	dir := t.TempDir()
	write(t, dir, list, o)
	want := contents(t, dir)
	for name, change := range map[string]func(*Options) []lists.Item{
		"quality":      func(o *Options) []lists.Item { o.Quality--; return list },
		"short side":   func(o *Options) []lists.Item { o.ShortSide++; return list },
		"channels":     func(o *Options) []lists.Item { o.Channels = 1; return list },
		"shards":       func(o *Options) []lists.Item { o.ShardMiB++; return list },
		"another list": func(*Options) []lists.Item { return list[1:] },
	} {
		o := o
		if _, err := Write(context.Background(), dir, change(&o), painter{}, o); err == nil || !strings.Contains(err.Error(), "another list") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(context.Background(), full, list, painter{}, o); err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("error %v", err)
	}
	if d := write(t, dir, list, o); !d.Complete { // nothing to do
		t.Error("a complete pack is not complete")
	}
	if !maps.Equal(contents(t, dir), want) {
		t.Error("the pack has changed")
	}
}

func TestRemovedShardIsMadeAnew(t *testing.T) {
	o := inSmallShards()
	list := many(30)
	list[5].Path = "/videos/missing.mp4"
	dir := t.TempDir()
	d := write(t, dir, list, o)
	want := contents(t, dir)
	for _, lost := range [][]int{{0}, {1, 2}, {len(d.Shards) - 1}} {
		for _, n := range lost {
			if err := os.Remove(filepath.Join(dir, shardName(n))); err != nil {
				t.Fatal(err)
			}
		}
		write(t, dir, list, o)
		if !maps.Equal(contents(t, dir), want) {
			t.Errorf("after the loss of shards %v the pack differs", lost)
		}
	}
}

// TestShardWithoutDescription is a kill between the two.
func TestShardWithoutDescription(t *testing.T) {
	o := inSmallShards()
	list := many(30)
	list[1].Path = "/videos/missing.mp4"
	dir := t.TempDir()
	d := write(t, dir, list, o)
	want := contents(t, dir)
	d.Shards, d.Complete, d.Unreadable = d.Shards[:0], false, d.Unreadable[:0]
	if err := d.write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, shardName(7)+part), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	written := 0
	o.Progress = func(Progress) { written++ }
	write(t, dir, list, o)
	if got := contents(t, dir); written != 0 || !maps.Equal(got, want) {
		t.Errorf("%d clips were packed again, and the pack is as before: %v", written, maps.Equal(got, want))
	}
}

// lame is a decoder that stops working.
type lame struct{ painter }

func (lame) Name() string { return "lame" }

func (lame) Frames(context.Context, video.Info, []int, video.Output) (video.Clip, error) {
	return video.Clip{}, video.ErrUnavailable
}

func TestDecoderThatFailsIsNotTheVideosFault(t *testing.T) {
	o := inSmallShards()
	o.MaxBadShare = 1
	dir := t.TempDir()
	if _, err := Write(context.Background(), dir, many(4), lame{}, o); !errors.Is(err, video.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	if _, err := Write(context.Background(), dir, many(4), painter{}, o); err == nil || !strings.Contains(err.Error(), "lame") {
		t.Errorf("going on with another decoder: %v", err)
	}
}

func TestTwoWritersDoNotMeet(t *testing.T) {
	dir := t.TempDir()
	o := Options{Settings: settings()}
	o.Progress = func(Progress) {
		if _, err := Write(context.Background(), dir, many(2), painter{}, Options{Settings: settings()}); err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("a second writer: %v", err)
		}
	}
	write(t, dir, many(2), o)
}

func TestWrongOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"short side":  func(o *Options) { o.ShortSide = 2 },
		"quality":     func(o *Options) { o.Quality = 0 },
		"channels":    func(o *Options) { o.Channels = 2 },
		"shards":      func(o *Options) { o.ShardMiB = 0 },
		"workers":     func(o *Options) { o.Workers = -1 },
		"share":       func(o *Options) { o.MaxBadShare = 2 },
		"no settings": func(o *Options) { o.Settings = Settings{} },
	} {
		o := Options{Settings: settings()}
		change(&o)
		if _, err := Write(context.Background(), t.TempDir(), many(2), painter{}, o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Write(context.Background(), t.TempDir(), nil, painter{}, Options{Settings: settings()}); err == nil {
		t.Error("an empty list was packed")
	}
}
