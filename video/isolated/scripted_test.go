//go:build unix

package isolated

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/video"
)

// TestMain is the worker process as well: the program that the tests start is their own.
func TestMain(m *testing.M) {
	switch role := os.Getenv(roleEnv); role {
	case "worker":
		serve(scripted{}, nil)
	case "libav", "ffmpeg":
		serve(real(role))
	case "parent":
		beParent()
	case "broken":
		fmt.Fprintln(os.Stderr, "library not found")
		os.Exit(3)
	case "babbling":
		fmt.Fprint(os.NewFile(4, "answers"), "HTTP/1.1 200 OK")
		select {}
	}
	status := m.Run()
	if left := children(); status == 0 && len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left:", left)
		status = 1
	}
	os.Exit(status)
}

func serve(d video.Decoder, err error) {
	if err == nil {
		err = Serve(context.Background(), d, Inherited())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

const roleEnv = "VIDEOMAE_TEST_ROLE"

// scripted is a decoder that does what the names of files say. Frame n is filled with n.
type scripted struct{}

func (scripted) Name() string { return "scripted" }

func (s scripted) Probe(ctx context.Context, path string) (video.Info, error) {
	if strings.Contains(path, "probe-") {
		if err := s.act(ctx, path); err != nil {
			return video.Info{}, err
		}
	}
	info := video.Info{Path: path, Codec: "none", Frames: 100, Width: 64, Height: 48, FPS: 25}
	if strings.Contains(path, "large") {
		info.Width, info.Height = 1920, 1080
	}
	return info, nil
}

func (s scripted) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	if err := s.act(ctx, info.Path); err != nil {
		return video.Clip{}, err
	}
	return painted(info, indices, out), nil
}

func painted(info video.Info, indices []int, out video.Output) video.Clip {
	clip := video.NewClip(len(indices), info.Height, info.Width, out.Channels)
	for t, n := range indices {
		for i := range clip.Frame(t) {
			clip.Frame(t)[i] = uint8(n)
		}
	}
	return clip
}

// kept is what leaking files leave behind.
var kept [][]byte

func (scripted) act(ctx context.Context, path string) error {
	switch name := filepath.Base(path); {
	case strings.Contains(name, "spin"): // as C code does
		for {
			time.Sleep(time.Hour)
		}
	case strings.Contains(name, "slow"): // as ours does
		<-ctx.Done()
		return ctx.Err()
	case strings.Contains(name, "pause"):
		time.Sleep(300 * time.Millisecond)
	case strings.Contains(name, "segfault"):
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	case strings.Contains(name, "panic"):
		panic("index out of range in " + name)
	case strings.Contains(name, "once"): // kills the worker the first time
		if err := os.Mkdir(path+".seen", 0o777); err == nil {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	case strings.Contains(name, "glutton"):
		kept = append(kept, bytes.Repeat([]byte{1}, 2<<30))
	case strings.Contains(name, "leak"):
		kept = append(kept, bytes.Repeat([]byte{1}, 8<<20))
	case strings.Contains(name, "void"):
		return fmt.Errorf("video %s: %w", path, video.ErrNoFrames)
	case strings.Contains(name, "bad"):
		return fmt.Errorf("video %s: made unreadable", path)
	}
	return nil
}
