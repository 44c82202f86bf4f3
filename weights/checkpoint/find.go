package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Found says where the tensors of a checkpoint are, and where what is said of them.
type Found struct {
	Format  string   // what kind of file or folder it is, in words
	Tensors string   // the file of tensors, or the index of several
	Files   []string // the files that hold the tensors, all of them
	Folder  string   // the folder, empty for a file on its own
}

// deepspeedName is the file with the model in a folder of DeepSpeed. Source: spec 2.3.
const deepspeedName = "mp_rank_00_model_states.pt"

// Files of this program's checkpoint folders, beside the weights: the running mean of those, which is what the model is used with where it is kept, and
// the recipe.
const (
	averageName = "average.safetensors"
	recipeName  = "config.yaml"
)

// Find tells what path is: a file of tensors, a folder in the layout of the hub, a folder of DeepSpeed, or a checkpoint of ours.
func Find(path string) (Found, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Found{}, err
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, indexSuffix) {
			return index(path, "sharded checkpoint")
		}
		return Found{Format: formatOf(path), Tensors: path, Files: []string{path}}, nil
	}
	for _, try := range []struct{ name, format string }{
		{safeName, "hub folder"}, {safeName + indexSuffix, "hub folder"}, {torchName, "hub folder"}, {torchName + indexSuffix, "hub folder"},
		{deepspeedName, "DeepSpeed checkpoint"},
	} {
		file := filepath.Join(path, try.name)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return Found{}, err
		}
		if _, err := os.Stat(filepath.Join(path, configName)); err != nil && try.format == "hub folder" {
			try.format = "checkpoint folder"
		}
		if strings.HasSuffix(try.name, indexSuffix) {
			f, err := index(file, try.format)
			f.Folder = path
			return f, err
		}
		if average := filepath.Join(path, averageName); try.format == "checkpoint folder" && exists(average) {
			file = average
		}
		return Found{Format: try.format, Tensors: file, Files: []string{file}, Folder: path}, nil
	}
	if folder, ok := latest(path); ok {
		return Find(folder)
	}
	return Found{}, fmt.Errorf("%s holds no checkpoint (looked for %s, %s, each also with %s, and %s)", path, safeName, torchName, indexSuffix, deepspeedName)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func formatOf(file string) string {
	if strings.EqualFold(filepath.Ext(file), ".safetensors") {
		return "safetensors"
	}
	return "PyTorch"
}

func index(path, format string) (Found, error) {
	names, _, err := shardsOf(path)
	f := Found{Format: format, Tensors: path}
	for _, name := range names {
		f.Files = append(f.Files, filepath.Join(filepath.Dir(path), name))
	}
	return f, err
}

// latest follows the file in which DeepSpeed keeps the name of its newest checkpoint.
func latest(path string) (string, bool) {
	name, err := readShort(filepath.Join(path, "latest"))
	tag := strings.TrimSpace(string(name))
	if err != nil || tag == "" || len(tag) > 255 || strings.ContainsAny(tag, `/\`) || !filepath.IsLocal(tag) {
		return "", false
	}
	for _, folder := range []string{tag, "checkpoint-" + tag} {
		if _, err := os.Stat(filepath.Join(path, folder, deepspeedName)); err == nil {
			return filepath.Join(path, folder), true
		}
	}
	return "", false
}
