// Package probe measures what the features of a frozen encoder tell of the classes of videos: by a linear classifier, by one that attends to
// the features of all cubes, by the nearest neighbours, or by the nearest class centre.
//
// The features of a clip are those of one layer. Linear, Neighbours and Centroid read their mean over all cubes, which is then normalised as
// Options.Norm says; Attentive reads every cube's. Features are computed once and can be kept on disk. What comes out is judged by package
// eval, so that accuracies mean the same as those of a fine-tuned classifier: a video that cannot be read counts as wrong.
package probe

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"

	"videomae/dataset"
	"videomae/eval"
	"videomae/train"
	"videomae/video"
	"videomae/vit"
)

// Kind is a way of probing.
type Kind string

// The kinds.
const (
	Linear     Kind = "linear"    // soft-max regression on standardised features by SGD
	Attentive  Kind = "attentive" // a transformer block in which one learnt query looks at all cubes, then a linear layer, by AdamW
	Neighbours Kind = "knn"       // votes of the nearest training clips
	Centroid   Kind = "centroid"  // the nearest mean of a class
)

// Kinds lists the names that Options take.
var Kinds = []Kind{Linear, Attentive, Neighbours, Centroid}

// Norm is how the mean over a clip's cubes is normalised.
type Norm string

// The norms.
const (
	// Plain is layer norm without learnt weights, after the mean: what fine-tuning with mean pooling starts from.
	Plain Norm = "plain"
	// Own is the encoder's own norm, which only the last layer has: of each cube before the mean where it was pre-trained, of the mean in a
	// classifier.
	Own Norm = "own"
	// Bare leaves the mean as it is.
	Bare Norm = "none"
)

// Norms lists the names that Options take.
var Norms = []Norm{Plain, Own, Bare}

// Options say what is probed and how. Zero values stand for usual ones, which Settings tell.
type Options struct {
	Kind       Kind
	Encoder    train.Encoder
	Classes    []string         // in the order of the scores
	Train, Val dataset.Manifest // labelled with these classes

	Layer         int          // from 1 to the depth; 0 is the last
	Norm          Norm         // not of Attentive, which normalises each cube
	Scheme        video.Scheme // of the clips of Val in time; those of Train have TrainViews in its place
	Crops         int          // of each clip of Val
	TrainViews    int          // clips in time of a video of Train (0: 1)
	TrainCrops    int          // of each of them (0: 1)
	Cache         string       // folder for features; "" keeps none
	MostTokens    int64        // bytes that the features of all cubes may take, for Attentive (0: 4 GiB)
	Engine        string       // name, for the record
	Precision     string       // name, for the record and the cache
	Backend       compute.Backend
	How           vit.Compute
	Decoder       video.Decoder
	Workers       int // videos read at once (0: one for each CPU)
	Batch         int // clips that pass through the encoder at once (0: 8)
	Seed          uint64
	VideoProgress func(list string, done, all int) // told of videos read; may be nil
	Note          func(string)                     // told what happens besides; may be nil

	// Of Neighbours and Centroid.
	K           int     // neighbours (0: 20)
	Temperature float64 // of similarities (0: 0.07)
	Standardise bool    // features, by the training clips, before they are compared

	// Of Linear and Attentive.
	Epochs int     // 0: 100, 30 for Attentive
	LR     float64 // of Linear for 256 clips; 0 tries several and chooses on a part of Train that is held out
}

// Tried is a learning rate and what it gave on the part of the training videos that was held out to choose one.
type Tried struct {
	LR       float64 `json:"lr"`
	Top1     float64 `json:"top1"` // percent of the clips held out
	Loss     float64 `json:"loss"` // their mean cross-entropy
	Diverged bool    `json:"diverged,omitempty"`
}

// Vote is the accuracy with a number of neighbours.
type Vote struct {
	K    int     `json:"k"`
	Top1 float64 `json:"top1"`
	Top5 float64 `json:"top5"`
}

// Settings are what decided a result, filled in. What a kind does not have is left out.
type Settings struct {
	Layer       int     `json:"layer"`
	Norm        Norm    `json:"norm"`
	TrainViews  string  `json:"train_views"`
	Cubes       int     `json:"cubes"` // of a clip, by their mean or each
	Width       int     `json:"width"` // features of a cube
	K           int     `json:"k,omitempty"`
	Temperature float64 `json:"temperature,omitempty"`
	Standardise bool    `json:"standardise"`
	Epochs      int     `json:"epochs,omitempty"`
	Batch       int     `json:"batch,omitempty"`
	LR          float64 `json:"lr,omitempty"`      // of Linear for 256 clips
	PeakLR      float64 `json:"peak_lr,omitempty"` // of the steps
	WeightDecay float64 `json:"weight_decay,omitempty"`
}

// Result is what came out: as of an evaluation, and what was probed how.
type Result struct {
	eval.Summary
	Kind      Kind            `json:"kind"`
	Settings  Settings        `json:"settings"`
	Clips     int             `json:"train_clips"` // views of training videos
	Videos    int             `json:"train_videos"`
	Bad       []eval.BadVideo `json:"train_unreadable,omitempty"` // training videos that could not be read and were left out
	HeldOut   int             `json:"held_out,omitempty"`         // training videos held out to choose the learning rate; the final one saw them
	Tried     []Tried         `json:"tried,omitempty"`
	Votes     []Vote          `json:"knn,omitempty"`        // with K and other numbers of neighbours
	TrainTop1 float64         `json:"train_top1,omitempty"` // percent of the training clips; not of Neighbours, which are their own nearest

	Predictions eval.Predictions `json:"-"` // of Val's videos; of Neighbours with K
	Judgement   eval.Judgement   `json:"-"` // of Predictions
}

// complete fills in what was left to the package, and finds what is wrong.
func (o *Options) complete() error {
	if !slices.Contains(Kinds, o.Kind) {
		return fmt.Errorf("probe: unknown kind %q (have %s, %s, %s, %s)", o.Kind, Linear, Attentive, Neighbours, Centroid)
	}
	o.Norm = cmp.Or(o.Norm, Plain)
	o.TrainViews, o.TrainCrops, o.Crops = max(1, o.TrainViews), max(1, o.TrainCrops), max(1, o.Crops)
	o.K, o.Temperature = cmp.Or(o.K, 20), cmp.Or(o.Temperature, 0.07)
	o.Batch, o.MostTokens = cmp.Or(o.Batch, 8), cmp.Or(o.MostTokens, 4<<30)
	if o.Epochs == 0 {
		o.Epochs = map[Kind]int{Linear: 100, Attentive: 30}[o.Kind]
	}
	switch depth := o.Encoder.Config.Depth; {
	case o.Layer < 0 || o.Layer > depth:
		return fmt.Errorf("probe: layer %d is not one of the encoder's, which are 1 to %d", o.Layer, depth)
	case o.Layer == 0:
		o.Layer = depth
	}
	switch {
	case !slices.Contains(Norms, o.Norm):
		return fmt.Errorf("probe: unknown norm %q (have %s, %s, %s)", o.Norm, Plain, Own, Bare)
	case o.Norm == Own && o.Layer != o.Encoder.Config.Depth:
		return fmt.Errorf("probe: the encoder's own norm follows block %d; layer %d has none", o.Encoder.Config.Depth, o.Layer)
	case o.K < 1:
		return fmt.Errorf("probe: %d neighbours are none: choose at least 1", o.K)
	case !(o.Temperature > 0) || math.IsInf(o.Temperature, 0):
		return fmt.Errorf("probe: temperature %v must be above 0", o.Temperature)
	case o.Epochs < 0 || o.Batch < 0 || o.MostTokens < 0:
		return fmt.Errorf("probe: epochs %d, batch %d and memory %d must be above 0", o.Epochs, o.Batch, o.MostTokens)
	case !(o.LR >= 0) || math.IsInf(o.LR, 0):
		return fmt.Errorf("probe: learning rate %v must be above 0", o.LR)
	case len(o.Classes) < 2:
		return fmt.Errorf("probe: %d classes: there is nothing to tell apart", len(o.Classes))
	}
	return nil
}
