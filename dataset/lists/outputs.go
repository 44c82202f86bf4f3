package lists

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"videomae/video"
)

// outputs are files in the making. None is at its place before all are complete.
type outputs struct{ files []*output }

// output is a file beside the place where it will be.
type output struct {
	*bufio.Writer
	path string
	file *os.File
}

// create begins a file. Its folder is made if need be.
func (o *outputs) create(path string) (*output, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("write %s: %w", path, video.Reason(err))
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, video.Reason(err))
	}
	f := &output{bufio.NewWriterSize(file, 1<<16), path, file}
	o.files = append(o.files, f)
	return f, nil
}

// finish flushes the files and moves them to their places, if err is nil; else, or where that fails, it removes them.
func (o *outputs) finish(err error) ([]string, error) {
	var paths []string
	for _, f := range o.files {
		failed := errors.Join(f.Flush(), f.file.Chmod(0o644), f.file.Sync(), f.file.Close())
		if err == nil && failed != nil {
			err = fmt.Errorf("write %s: %w", f.path, failed)
		}
		paths = append(paths, f.path)
	}
	for _, f := range o.files {
		if err == nil {
			if err = os.Rename(f.file.Name(), f.path); err != nil {
				err = fmt.Errorf("write %s: %w", f.path, err)
			}
		}
		if err != nil {
			_ = os.Remove(f.file.Name()) // the error that matters is the first
		}
	}
	if err != nil {
		return nil, err
	}
	return paths, nil
}
