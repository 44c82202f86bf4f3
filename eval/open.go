package eval

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"videomae/video"
)

// Open reads predictions from a file or an evaluation's folder, or from a folder of text files of the official form.
func Open(path string) (Predictions, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Predictions{}, fmt.Errorf("predictions %s: %w", path, video.Reason(err))
	}
	if !info.IsDir() {
		return ReadFile(path)
	}
	p, err := ReadFile(filepath.Join(path, PredictionsFile))
	if !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	if HasTexts(path) {
		return ReadTexts(path)
	}
	if _, err := os.Stat(filepath.Join(path, JournalFile)); err == nil {
		return Predictions{}, fmt.Errorf("predictions %s: this evaluation is not finished: run it again to go on where it stopped", path)
	}
	return Predictions{}, fmt.Errorf("predictions %s: neither %s nor text files 0.txt, 1.txt are in this folder", path, PredictionsFile)
}
