// Package recipe is the typed configuration of a run: what can be set, what it means, and which values are allowed.
//
// A recipe is a YAML file in which every key must be known and of its type. The runs of the paper and some for small machines
// are built in (Names). The path of a setting is Load (or Default), then Set for each override, then Resolve, which fills in what was left
// to the model's size and checks everything; Derive turns the optimiser's settings into the numbers of one run.
package recipe

import (
	"videomae/masking"
	"videomae/video"
)

// Pretrain is a pre-training run. Default's value of each setting stands in brackets; a key that a file omits has that value.
type Pretrain struct {
	Name  string `yaml:"name"`  // short name of the run ["custom"]
	About string `yaml:"about"` // free text: where the settings come from, what to expect, how long it takes [""]

	Model Model `yaml:"model"`
	Mask  Mask  `yaml:"mask"`
	Data  Data  `yaml:"data"`
	Optim Optim `yaml:"optim"`
	Train Train `yaml:"train"`

	Engine  string `yaml:"engine"`  // compute engine; empty leaves the choice to the program [""]
	Decoder string `yaml:"decoder"` // how video is decoded: auto, libav or ffmpeg ["auto"]
}

// Model is the network and what it predicts. The numbers of encoder and decoder are those of the size where they are 0.
// Source: spec 1.1; the hidden width of every MLP is 4 times its block's.
type Model struct {
	Size     string `yaml:"size"`     // tiny, small, base, large or huge ["tiny"]
	Frames   int    `yaml:"frames"`   // T, frames of a clip, a multiple of tubelet [16]
	Height   int    `yaml:"height"`   // H in pixels, a multiple of patch [224]
	Width    int    `yaml:"width"`    // W in pixels, a multiple of patch [224]
	Channels int    `yaml:"channels"` // C [3]
	Tubelet  int    `yaml:"tubelet"`  // frames of a cube [2]
	Patch    int    `yaml:"patch"`    // height and width of a cube in pixels [16]

	EncoderWidth int `yaml:"encoder_width"` // D, a multiple of encoder_heads [0]
	EncoderDepth int `yaml:"encoder_depth"` // number of blocks [0]
	EncoderHeads int `yaml:"encoder_heads"` // attention heads of a block [0]
	DecoderWidth int `yaml:"decoder_width"` // Dd, a multiple of decoder_heads [0]
	DecoderDepth int `yaml:"decoder_depth"` // number of blocks [0]
	DecoderHeads int `yaml:"decoder_heads"` // attention heads of a block [0]

	DropPath float64 `yaml:"drop_path"` // rate of the last block, growing linearly from 0, in [0, 1) [0]
	Target   string  `yaml:"target"`    // normalised (pixels of a cube, each channel standardised) or raw ["normalised"]
	Loss     string  `yaml:"loss"`      // mse, l1 or smooth-l1 over the masked cubes ["mse"]
}

// Mask is what the encoder does not see. Source: spec 4.
type Mask struct {
	Kind  masking.Kind `yaml:"kind"`  // tube, random or frame ["tube"]
	Ratio float64      `yaml:"ratio"` // share of the cubes that are hidden, strictly between 0 and 1 [0.9]
}

// Data is where clips come from and how they are cut. Source: spec 5.1 and 5.2.
type Data struct {
	Path          string     `yaml:"path"`           // a list of videos or a folder; a run needs one [""]
	Root          string     `yaml:"root"`           // where the list's paths begin, if not where its kind has them or its files are found [""]
	Split         string     `yaml:"split"`          // the part of it to train on ["train"]
	ValShare      float64    `yaml:"val_share"`      // share kept for validation where the list states no split, in [0, 1) [0.2]
	Stride        int        `yaml:"stride"`         // distance of neighbouring frames of a clip, in frames of the video [4]
	Sampling      video.Mode `yaml:"sampling"`       // official: the frames that the official code takes; exact: its deviations put right ["official"]
	FrameRate     float64    `yaml:"frame_rate"`     // frames a second of folders of pictures, which cannot say it themselves [12]
	Workers       int        `yaml:"workers"`        // clips decoded at the same time; 0: one for each processor [0]
	MaxBadShare   float64    `yaml:"max_bad_share"`  // the run stops when more than this share of the clips cannot be read, in [0, 1] [0.01]
	DecodeSeconds float64    `yaml:"decode_seconds"` // longest that decoding one clip may take; a file that takes longer twice is quarantined [60]
	Quarantine    string     `yaml:"quarantine"`     // list of files not to try, which files that hang or kill the decoder are added to [quarantine.csv in the run's folder]
}

// Optim is AdamW and its schedule: the rate rises linearly from 0 in the warm-up and falls along a half cosine to the least rate.
// Of each pair of alternatives at most one may be set; Resolve sets one where neither is. Source: spec 6.1.
type Optim struct {
	LR     *float64 `yaml:"lr"`      // peak rate, whatever the batch [by size: tiny and small 5e-4, base 6e-4, large and huge 3e-4]
	BaseLR *float64 `yaml:"base_lr"` // the paper's rule: peak rate = base_lr x batch x accumulate / 256

	MinLR     *float64 `yaml:"min_lr"`      // least rate, whatever the batch [a hundredth of lr]
	BaseMinLR *float64 `yaml:"base_min_lr"` // the paper's rule: least rate = base_min_lr x batch x accumulate / 256

	Beta1       float64 `yaml:"beta1"`        // decay of the first moment, in [0, 1) [0.9]
	Beta2       float64 `yaml:"beta2"`        // decay of the second moment, in [0, 1) [0.95]
	Eps         float64 `yaml:"eps"`          // added to the root of the second moment [1e-8]
	WeightDecay float64 `yaml:"weight_decay"` // decoupled; none for vectors, biases and the mask token [0.05]

	WarmupEpochs *int     `yaml:"warmup_epochs"` // the paper's way to state the warm-up
	WarmupShare  *float64 `yaml:"warmup_share"`  // warm-up as a share of all steps, in [0, 1), fit for short runs [0.1]

	ClipGrad float64 `yaml:"clip_grad"` // largest L2 norm of the whole gradient; 0: no clipping [0]
}

// Train is the course of the run.
type Train struct {
	Epochs     int    `yaml:"epochs"`     // times through the data [100]
	Steps      int    `yaml:"steps"`      // ends the run and its schedule sooner; 0: no limit [0]
	Batch      int    `yaml:"batch"`      // clips that pass through the model at once [8]
	Accumulate int    `yaml:"accumulate"` // batches whose gradients are summed for one step [1]
	Seed       uint64 `yaml:"seed"`       // of every random decision [0]
	Precision  string `yaml:"precision"`  // of the matrix products, f32 or bf16; weights, norms, soft-max and loss stay f32 ["f32"]

	GradientCheckpointing bool   `yaml:"gradient_checkpointing"` // compute activations twice to store fewer [false]
	Init                  string `yaml:"init"`                   // checkpoint to start from; empty: random weights [""]

	CheckpointSteps   int     `yaml:"checkpoint_steps"`   // steps between checkpoints; 0: only by time [0]
	CheckpointMinutes float64 `yaml:"checkpoint_minutes"` // minutes between checkpoints; 0: only by steps [10]
	Keep              int     `yaml:"keep"`               // checkpoints that are kept, the newest ones [3]
	ReconstructSteps  int     `yaml:"reconstruct_steps"`  // steps between pictures of a reconstruction; 0: none [500]
	LogSteps          int     `yaml:"log_steps"`          // steps between lines of the log [10]
}

// Default is a run fit for a laptop and a few hundred clips.
func Default() Pretrain {
	return Pretrain{
		Name:    "custom",
		Model:   Model{Size: "tiny", Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16, Target: "normalised", Loss: "mse"},
		Mask:    Mask{Kind: masking.Tube, Ratio: 0.9},
		Data:    Data{Split: "train", ValShare: 0.2, Stride: 4, Sampling: video.Official, FrameRate: 12, MaxBadShare: 0.01, DecodeSeconds: 60},
		Optim:   Optim{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.05},
		Train:   Train{Epochs: 100, Batch: 8, Accumulate: 1, Precision: "f32", CheckpointMinutes: 10, Keep: 3, ReconstructSteps: 500, LogSteps: 10},
		Decoder: "auto",
	}
}

// ClipsPerStep is the number of clips behind one step of the optimiser, which the paper calls the batch.
func (t Train) ClipsPerStep() int { return t.Batch * t.Accumulate }
