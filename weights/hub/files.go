package hub

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// describing are the files that say something of a model: three that most models have, others, and those of checkpoint folders of this program.
var describing = []string{"config.json", "preprocessor_config.json", "README.md", "LICENSE", "config.yaml", "provenance.json"}

// tensorFiles are the files that hold a model, the best first; of an index, the files that it lists.
var tensorFiles = []string{"model.safetensors", "model.safetensors" + indexSuffix, "pytorch_model.bin", "pytorch_model.bin" + indexSuffix}

const indexSuffix = ".index.json"

// averageFile is the running mean of the weights in checkpoints of this program, which the model is used with.
const averageFile = "average.safetensors"

// maxIndex is the longest index that is read, in bytes.
const maxIndex = 16 << 20

// needed finds which of the names of a repository make the model. bring is called with names whose files then are in the folder.
func needed(names []string, folder string, bring func(names []string) error) ([]string, error) {
	have := func(name string) bool { return slices.Contains(names, name) }
	var files []string
	for _, name := range append(slices.Clone(describing), averageFile) {
		if have(name) {
			files = append(files, name)
		}
	}
	i := slices.IndexFunc(tensorFiles, have)
	if i < 0 {
		return nil, fmt.Errorf("it has no model (looked for %s); it has %s", strings.Join(tensorFiles, ", "), some(names))
	}
	files = append(files, tensorFiles[i])
	if err := bring(files); err != nil || !strings.HasSuffix(tensorFiles[i], indexSuffix) {
		return files, err
	}
	shards, err := shardsOf(filepath.Join(folder, tensorFiles[i]))
	if err != nil {
		return nil, err
	}
	for _, name := range shards {
		if !localName(name) || strings.Contains(name, "/") {
			return nil, fmt.Errorf("%s lists %q, which would lie outside of the folder", tensorFiles[i], name)
		}
		if !have(name) {
			return nil, fmt.Errorf("%s lists %q, which is not there", tensorFiles[i], name)
		}
	}
	return append(files, shards...), bring(shards)
}

// shardsOf are the files that an index lists.
func shardsOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxIndex {
		return nil, fmt.Errorf("%s has %d bytes: no index is that long", filepath.Base(path), info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	var shards []string
	for _, file := range index.Map {
		shards = append(shards, file)
	}
	slices.Sort(shards)
	if shards = slices.Compact(shards); len(shards) == 0 {
		return nil, fmt.Errorf("%s lists no files", filepath.Base(path))
	}
	return shards, nil
}

// some lists the first of many names.
func some(names []string) string {
	if len(names) == 0 {
		return "no files"
	}
	if len(names) > 10 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:10], ", "), len(names)-10)
	}
	return strings.Join(names, ", ")
}
