// Package eval judges classifiers: it scores the views of each video, keeps the scores of every view on disk, merges them to one verdict
// a video, and counts.
//
// Accuracies are percentages, as in the field's tables. A video that could not be read counts as wrong, and a class that the model lacks
// is one that it gets wrong: nothing that the data lists leaves the denominator unsaid.
package eval

import (
	"fmt"
	"slices"
	"strings"

	"videomae/dataset"
)

// About says what predictions are of: a model, and the views of the videos of a list.
type About struct {
	Classes    []string `json:"classes"`    // names in the order of the logits
	Temporal   int      `json:"temporal"`   // clips of a video in time
	Crops      int      `json:"crops"`      // crops of each clip
	Scheme     string   `json:"scheme"`     // how frames are chosen: dense or ssv2
	Checkpoint string   `json:"checkpoint"` // folder
	Model      string   `json:"model"`      // SHA-256 of the weights and of what clips depend on
	Data       string   `json:"data"`       // list or folder
	Split      string   `json:"split"`
	DataHash   string   `json:"data_hash"` // of the manifest
	Precision  string   `json:"precision"`
	Engine     string   `json:"engine"`

	// Official marks predictions read from the text files of the official code, which hold nothing of the above but the views, name
	// videos by their file's name up to its first dot, and leave out what could not be read.
	Official bool `json:"official,omitempty"`
}

// Views is the number of clips in time and of crops, as in 5x3.
func (a About) Views() string { return fmt.Sprintf("%dx%d", a.Temporal, a.Crops) }

// Differences lists in what predictions are not of the same model, data and views; the engine and where files lie do not matter.
func (a About) Differences(b About) []string {
	var all []string
	differ := func(what, was, is string) {
		if was != is {
			all = append(all, fmt.Sprintf("%s was %s and is %s", what, was, is))
		}
	}
	if a.Model != b.Model {
		all = append(all, fmt.Sprintf("checkpoint was %s (weights %.12s) and is %s (weights %.12s)", a.Checkpoint, a.Model, b.Checkpoint, b.Model))
	}
	if a.DataHash != b.DataHash {
		all = append(all, fmt.Sprintf("data was %s, split %q (hash %.12s), and is %s, split %q (hash %.12s)", a.Data, a.Split, a.DataHash, b.Data, b.Split, b.DataHash))
	}
	differ("views", a.Views(), b.Views())
	differ("scheme", a.Scheme, b.Scheme)
	differ("precision", a.Precision, b.Precision)
	if !slices.Equal(a.Classes, b.Classes) {
		all = append(all, fmt.Sprintf("classes were %s and are %s", few(a.Classes), few(b.Classes)))
	}
	return all
}

// few shortens a list of names.
func few(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// Predictions are what a model makes of a list of videos.
type Predictions struct {
	About
	Videos []Video // in the order of the list
}

// Video is one video of the list: what it shows, and the scores of its views or why there are none.
type Video struct {
	Index int    // place in the list
	Name  string // as the list has it, with the path; see Name
	Class string // what the list says it shows; "" without a label
	Label int    // which of the model's classes that is; -1 where it is none of them
	Views []View // empty where the video could not be read
	Error string // why it could not
}

// View is a clip of a video.
type View struct {
	Temporal, Crop int
	Logits         []float32 // a score for each class
}

// Name is what an item is called in predictions: its name in the list, with the part of a folder that the list means.
func Name(i dataset.Item) string {
	if i.Count == 0 {
		return i.Name
	}
	return fmt.Sprintf("%s#%d-%d", i.Name, i.First, i.First+i.Count-1)
}
