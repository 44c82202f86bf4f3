package cli

import (
	"context"
	"math"
	"os"
	"path/filepath"

	"videomae/report"
	"videomae/train"
)

// pictures are the files that show panels of a clip.
type pictures struct {
	Sheet string `json:"sheet"`
	GIF   string `json:"gif"`
	MP4   string `json:"mp4"`
}

// draw writes panels as a sheet, a GIF and an MP4 whose names begin with base, the films in the given number of rows. fps are the clip's
// frames in a second of the video.
func draw(ctx context.Context, base string, panels []report.Panel, rows int, caption string, fps float64) (pictures, error) {
	p := pictures{Sheet: base + "-sheet.png", GIF: base + ".gif", MP4: base + ".mp4"}
	if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
		return p, err
	}
	sheet, err := report.Sheet(panels, report.Spread(panels[0].Clip.T, train.SheetFrames), caption)
	if err != nil {
		return p, err
	}
	if err := report.WritePNG(p.Sheet, sheet); err != nil {
		return p, err
	}
	film, err := report.NewFilm(panels, rows, caption)
	if err != nil {
		return p, err
	}
	// A clip has every stride-th frame; at the video's pace it would be over before one has looked.
	fps = math.Max(4, fps)
	if err := film.WriteGIF(p.GIF, fps); err != nil {
		return p, err
	}
	return p, film.WriteMP4(ctx, p.MP4, fps)
}
