//go:build libav && cgo

package libav

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"videomae/internal/given"
	"videomae/seed"
	"videomae/video"
)

// realFiles are the videos of the data folder: all of them, or one in step, those of the folder decode always.
func realFiles(t *testing.T, step int) []string {
	t.Helper()
	var files []string
	seen := 0
	err := filepath.WalkDir(given.Clips(t), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{".mp4", ".avi"}, filepath.Ext(path)) {
			return err
		}
		if seen++; seen%step == 0 || filepath.Base(filepath.Dir(path)) == "decode" {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRealFilesEqualSequentialDecoding(t *testing.T) {
	step := 120
	if given.Long(t) {
		step = 1
	}
	for _, path := range realFiles(t, step) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			info := check(t, path)
			indices := draw(seed.Rand(8, "real"), info.Frames, 20)
			equal(t, info, indices, video.Output{Channels: 3, ShortSide: 224, Crop: 224})
		})
	}
}

// peersEnv names the environment variable with the Python that has PyAV and decord.
const peersEnv = "VIDEOMAE_PEERS"

// python is a running bench/peers/frames_peer.py.
type python struct {
	to   *json.Encoder
	from *bufio.Reader
}

func openPython(t *testing.T) python {
	t.Helper()
	program := os.Getenv(peersEnv)
	if program == "" {
		t.Skipf("set %s to a Python that has av (PyAV) and decord", peersEnv)
	}
	cmd := exec.Command(program, filepath.Join("..", "..", "bench", "peers", "frames_peer.py"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return python{json.NewEncoder(in), bufio.NewReader(out)}
}

// frames asks a peer for frames at their own size, and scaled to the layout's.
func (p python) frames(t *testing.T, peer string, info video.Info, indices []int, to video.Layout) (own, scaled []byte) {
	t.Helper()
	if err := p.to.Encode(map[string]any{"peer": peer, "path": info.Path, "indices": indices, "width": to.ScaledW, "height": to.ScaledH}); err != nil {
		t.Fatal(err)
	}
	line, err := p.from.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Frames, Width, Height int }
	if err := json.Unmarshal(line, &said); err != nil {
		t.Fatal(err)
	}
	if said.Frames != info.Frames || said.Width != info.Width || said.Height != info.Height {
		t.Fatalf("%s decodes %+v of %+v", peer, said, info)
	}
	own = make([]byte, len(indices)*info.Width*info.Height*3)
	scaled = make([]byte, len(indices)*to.ScaledW*to.ScaledH*3)
	for _, part := range [][]byte{own, scaled} {
		if _, err := io.ReadFull(p.from, part); err != nil {
			t.Fatal(err)
		}
	}
	return own, scaled
}

// Both decoders must give PyAV's frames: equal at the file's own size, and within 3 of 255 where they are scaled. For AVI files, decord
// must agree with PyAV at the file's own size.
func TestFramesEqualThoseOfPyAV(t *testing.T) {
	peers := openPython(t)
	files, worst := realFiles(t, 1), 0
	for k, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { worst = max(worst, againstPeers(t, peers, path, uint64(k))) })
	}
	t.Logf("20 frames of each of %d files, two decoders: scaled frames differ by at most %d", len(files), worst)
}

// againstPeers compares one file, and returns the largest difference of scaled frames.
func againstPeers(t *testing.T, peers python, path string, k uint64) (worst int) {
	const within = 3
	ctx := context.Background()
	info, err := decoder(t).Probe(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	indices := draw(seed.Rand(9, "peers", k), info.Frames, 20)
	out := video.Output{Channels: 3, ShortSide: 224}
	layout, err := out.Layout(info.Width, info.Height)
	if err != nil {
		t.Fatal(err)
	}
	own, scaled := peers.frames(t, "pyav", info, indices, layout)
	if filepath.Ext(path) == ".avi" {
		if by, _ := peers.frames(t, "decord", info, indices, layout); !bytes.Equal(by, own) {
			t.Error("PyAV and decord differ")
		}
	}
	for _, d := range []video.Decoder{decoder(t), peer(t)} {
		clip, err := d.Frames(ctx, info, indices, video.RGB)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(clip.Pix, own) {
			t.Errorf("%s: frames differ from PyAV's", d.Name())
		}
		if clip, err = d.Frames(ctx, info, indices, out); err != nil {
			t.Fatal(err)
		}
		differs, _ := difference(clip.Pix, scaled)
		if worst = max(worst, differs); differs > within {
			t.Errorf("%s: scaled frames differ from PyAV's by %d", d.Name(), differs)
		}
	}
	return worst
}
