// Package report makes pictures of a run: sheets and films of reconstructed clips, and the curve of the loss.
package report

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"videomae/video"
)

// Panel is a clip with the line of text that says what it shows.
type Panel struct {
	Title string
	Clip  video.Clip // 8-bit RGB or grey
}

// Reconstruction is what there is to show of one masked clip. All clips have the same frames and size.
//
// A model with normalised targets predicts a cube's pattern, not its mean and contrast, which have to come from elsewhere. True
// takes them from the masked cube itself, as the official tool does, which makes it look better than what the model knows. Blind
// takes those of the nearest visible cube. In the pasted ones, visible cubes are copied from the original.
type Reconstruction struct {
	Original, Masked   video.Clip
	True, TruePasted   video.Clip
	Blind, BlindPasted video.Clip
}

// Panels titles the clips: pairs that belong above each other, so that two rows of a Film suit them.
func (r Reconstruction) Panels() []Panel {
	const (
		leaky = "with true cube statistics (leaks ground truth, as the official tool)"
		blind = "without ground truth (statistics from the nearest visible cube)"
	)
	return []Panel{
		{"Original", r.Original},
		{"Input: masked cubes are grey", r.Masked},
		{"Reconstruction " + leaky, r.True},
		{"Reconstruction, visible cubes pasted, " + leaky, r.TruePasted},
		{"Reconstruction " + blind, r.Blind},
		{"Reconstruction, visible cubes pasted, " + blind, r.BlindPasted},
	}
}

// checkPanels makes sure that all clips can be shown beside each other.
func checkPanels(panels []Panel) error {
	if len(panels) == 0 {
		return errors.New("report: no panels to show")
	}
	for _, p := range panels {
		c, first := p.Clip, panels[0].Clip
		switch {
		case c.C != 1 && c.C != 3:
			return fmt.Errorf("report: panel %q: clip %v has %d channels, only 1 (grey) and 3 (RGB) can be shown", p.Title, c, c.C)
		case c.T < 1 || c.H < 1 || c.W < 1 || len(c.Pix) != c.T*c.H*c.W*c.C:
			return fmt.Errorf("report: panel %q: clip %v with %d values is empty or incomplete", p.Title, c, len(c.Pix))
		case c.T != first.T || c.H != first.H || c.W != first.W:
			return fmt.Errorf("report: panel %q: clip %v differs in size from %v of panel %q", p.Title, c, first, panels[0].Title)
		}
	}
	return nil
}

// WritePNG writes a picture to path, which appears only when complete.
func WritePNG(path string, img image.Image) error {
	return WriteFile(path, func(w io.Writer) error { return png.Encode(w, img) })
}

// WriteFile lets write fill a file beside path, flushes it, and moves it to path.
func WriteFile(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	err = errors.Join(write(file), file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the error that matters is the first
		return fmt.Errorf("report: write %s: %w", path, err)
	}
	return nil
}
