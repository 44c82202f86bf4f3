// Package recipe is the typed configuration of a run: what can be set, what it means, and which values are allowed.
//
// There are two kinds of run, Pretrain and Finetune; what both have is defined once, in structs that both embed. A recipe is a YAML file in
// which every key must be known and of its type. The runs of the paper and some for small machines are built in (Names). The path of a
// setting is Load or LoadFinetune (or the defaults), then Set for each override, then Resolve, which fills in what was left to the model's
// size and checks everything; Derive turns the optimiser's settings into the numbers of one run.
//
// In brackets behind each setting stands its default; a key that a file omits has that value. Where pre-training and fine-tuning differ,
// both are given.
package recipe

import "videomae/video"

// Recipe is either kind of run.
type Recipe interface{ Pretrain | Finetune }

// Kind is what a run does with a model; a file states it under the key kind, and pretrain may be left out.
type Kind string

// The kinds of run.
const (
	KindPretrain Kind = "pretrain"
	KindFinetune Kind = "finetune"
)

// Kinds lists all of them.
var Kinds = []Kind{KindPretrain, KindFinetune}

// String says it in words: pre-training or fine-tuning.
func (k Kind) String() string {
	if k == KindFinetune {
		return "fine-tuning"
	}
	return "pre-training"
}

// Label is what a run is called.
type Label struct {
	Name  string `yaml:"name"`  // short name of the run ["custom"]
	About string `yaml:"about"` // free text: where the settings come from, what to expect, how long it takes [""]
}

// Tools are the programs behind a run.
type Tools struct {
	Engine  string `yaml:"engine"`  // compute engine; empty leaves the choice to the program [""]
	Decoder string `yaml:"decoder"` // how video is decoded: auto, libav or ffmpeg ["auto"]
}

// Model is the encoder and the clips it sees. The numbers of the encoder are those of the size where they are 0.
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

	DropPath float64 `yaml:"drop_path"` // rate of the last block, growing linearly from 0, in [0, 1) [0; fine-tuning 0.1]
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
	LR     *float64 `yaml:"lr"`      // peak rate, whatever the batch [by size: tiny and small 5e-4, base 6e-4, large and huge 3e-4; fine-tuning: by size and batch]
	BaseLR *float64 `yaml:"base_lr"` // the paper's rule: peak rate = base_lr x batch x accumulate / 256

	MinLR     *float64 `yaml:"min_lr"`      // least rate, whatever the batch [a hundredth of lr]
	BaseMinLR *float64 `yaml:"base_min_lr"` // the paper's rule: least rate = base_min_lr x batch x accumulate / 256

	Beta1       float64 `yaml:"beta1"`        // decay of the first moment, in [0, 1) [0.9]
	Beta2       float64 `yaml:"beta2"`        // decay of the second moment, in [0, 1) [0.95; fine-tuning 0.999]
	Eps         float64 `yaml:"eps"`          // added to the root of the second moment [1e-8]
	WeightDecay float64 `yaml:"weight_decay"` // decoupled; none for vectors, biases and the mask token [0.05]

	WarmupEpochs *int     `yaml:"warmup_epochs"` // the paper's way to state the warm-up
	WarmupShare  *float64 `yaml:"warmup_share"`  // warm-up as a share of all steps, in [0, 1), fit for short runs [0.1]

	ClipGrad float64 `yaml:"clip_grad"` // largest L2 norm of the whole gradient; 0: no clipping [0; fine-tuning 1]
}

// Train is the course of the run.
type Train struct {
	Epochs     int    `yaml:"epochs"`     // times through the data [100; fine-tuning 50]
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
	LogSteps          int     `yaml:"log_steps"`          // steps between lines of the log [10]
}

// ClipsPerStep is the number of clips behind one step of the optimiser, which the paper calls the batch. Augmented copies of a clip
// are not counted.
func (t Train) ClipsPerStep() int { return t.Batch * t.Accumulate }
