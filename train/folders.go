// Where a run keeps its checkpoints, which is the newest, and which are removed.

package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// CheckpointFolder is where a run keeps its checkpoints, BestFolder where a fine-tuning run keeps the best one, and stepName a
// checkpoint's name in them.
func CheckpointFolder(run string) string { return filepath.Join(run, "checkpoints") }
func BestFolder(run string) string       { return filepath.Join(run, "best") }
func stepName(step int) string           { return fmt.Sprintf("step-%08d", step) }

// Newest gives the checkpoint folder that path stands for: path itself if it holds a model, or the newest checkpoint of the
// run or of the folder of checkpoints at path. An error that wraps fs.ErrNotExist says that there is none.
func Newest(path string) (string, error) {
	if exists(filepath.Join(path, modelFile)) {
		return path, nil
	}
	for _, folder := range []string{CheckpointFolder(path), path} {
		names, err := checkpointNames(folder)
		if err != nil {
			return "", err
		}
		if len(names) > 0 {
			return filepath.Join(folder, names[len(names)-1]), nil
		}
	}
	return "", fmt.Errorf("no checkpoint in %s: %w", path, fs.ErrNotExist)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checkpointNames lists the whole checkpoints in a folder, oldest first.
func checkpointNames(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("checkpoints of %s: %w", folder, err)
	}
	var steps []int
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "step-")
		if step, err := strconv.Atoi(digits); ok && err == nil && stepName(step) == e.Name() {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	var names []string
	for _, step := range steps {
		names = append(names, stepName(step))
	}
	return names, nil
}

// Prune removes all but the newest keep checkpoints of a folder, and what a killed run left half written or half removed.
func Prune(folder string, keep int) error {
	names, err := checkpointNames(folder)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names[:max(0, len(names)-keep)] {
		errs = append(errs, discard(filepath.Join(folder, name)))
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), writingPrefix) || strings.HasPrefix(e.Name(), removingPrefix) {
			errs = append(errs, os.RemoveAll(filepath.Join(folder, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// discard removes a checkpoint, renaming it first: a kill in the middle leaves nothing that looks whole.
func discard(folder string) error {
	aside := filepath.Join(filepath.Dir(folder), removingPrefix+filepath.Base(folder))
	if err := os.RemoveAll(aside); err != nil {
		return err
	}
	if err := os.Rename(folder, aside); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return os.RemoveAll(aside)
}

// syncFolder waits until a folder's entries are on the disk.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
