// What the newest checkpoint of a run says.

package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// checkpoint reads settings, progress and provenance from the newest checkpoint, or the best where there is no other.
func (r *Run) checkpoint() {
	folder := newest(r.Folder)
	if folder == "" {
		r.problem("there is no checkpoint: settings, progress and provenance are unknown")
		return
	}
	relative, err := filepath.Rel(r.Folder, folder)
	if err != nil {
		relative = folder
	}
	r.Origins = append(r.Origins, Fact{"checkpoint", filepath.ToSlash(relative)})
	if err := r.readConfig(filepath.Join(folder, "config.yaml")); err != nil {
		r.problem("%s/config.yaml: %v", relative, err)
	}
	var state map[string]any
	if err := readJSON(filepath.Join(folder, "state.json"), &state); err != nil {
		r.problem("%s/state.json: %v", relative, err)
	}
	r.Progress = progress(state)
	var origin map[string]any
	if err := readJSON(filepath.Join(folder, "provenance.json"), &origin); err != nil {
		r.problem("%s/provenance.json: %v", relative, err)
	}
	r.Origins = append(r.Origins, flatten("", origin)...)
}

// newest returns the newest of a run's checkpoints, "" without any. Names hold the step with leading zeros; folders that are being written
// or removed begin with a dot.
func newest(run string) string {
	for _, where := range []string{"checkpoints", "best"} {
		entries, _ := os.ReadDir(filepath.Join(run, where)) // what is not there has none
		for _, e := range slices.Backward(entries) {
			if e.IsDir() && strings.HasPrefix(e.Name(), "step-") {
				return filepath.Join(run, where, e.Name())
			}
		}
	}
	return ""
}

// readConfig reads the settings as they stand, whatever version of the program wrote them.
func (r *Run) readConfig(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return cause(err)
	}
	var settings yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &settings, yaml.UseOrderedMap()); err != nil {
		return errors.New("is damaged: it is not YAML")
	}
	r.Settings = flatten("", settings)
	r.Settings = slices.DeleteFunc(r.Settings, func(f Fact) bool {
		if f.Name == "kind" && f.Value == "finetune" {
			r.Kind = Finetuning
		}
		return f.Name == "kind"
	})
	return nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return cause(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("is damaged: %w", err)
	}
	return nil
}

// cause leaves the path out, which the caller names.
func cause(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("is missing")
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// flatten lists nested values under names that are joined by dots; those of JSON, which has no order, by name.
func flatten(prefix string, value any) []Fact {
	var facts []Fact
	join := func(key string) string {
		if prefix == "" {
			return key
		}
		return prefix + "." + key
	}
	switch value := value.(type) {
	case yaml.MapSlice:
		for _, item := range value {
			facts = append(facts, flatten(join(fmt.Sprint(item.Key)), item.Value)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			facts = append(facts, flatten(join(key), value[key])...)
		}
	case nil:
	case float64:
		facts = append(facts, Fact{prefix, short(value)})
	default:
		facts = append(facts, Fact{prefix, fmt.Sprint(value)})
	}
	return facts
}

// bestValidation is what the best result while training is called.
const bestValidation = "best validation"

// progress says how far a run has come.
func progress(state map[string]any) []Fact {
	var facts []Fact
	number := func(key string) (float64, bool) {
		v, is := state[key].(float64)
		return v, is
	}
	if step, known := number("step"); known {
		text := short(step)
		if updates, known := number("updates"); known && updates != step {
			text += fmt.Sprintf(" (%s updates)", short(updates))
		}
		facts = append(facts, Fact{"steps", text})
	}
	if epoch, known := number("epoch"); known {
		facts = append(facts, Fact{"whole epochs", short(epoch)})
	}
	if seconds, known := number("seconds"); known {
		facts = append(facts, Fact{"time of training", time.Duration(seconds * float64(time.Second)).Round(time.Second).String()})
	}
	if v, is := state["validation"].(map[string]any); is {
		top1, known := v["best_top1"].(float64)
		if epoch, is := v["best_epoch"].(float64); is && known {
			facts = append(facts, Fact{bestValidation, fmt.Sprintf("top-1 %.1f %% after epoch %s", top1, short(epoch))})
		}
	}
	return facts
}
