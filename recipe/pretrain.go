package recipe

import (
	"videomae/masking"
	"videomae/video"
)

// Pretrain is a pre-training run.
type Pretrain struct {
	Label `yaml:",inline"`

	Model PretrainModel `yaml:"model"`
	Mask  Mask          `yaml:"mask"`
	Data  Data          `yaml:"data"`
	Optim Optim         `yaml:"optim"`
	Train PretrainTrain `yaml:"train"`

	Tools `yaml:",inline"`
}

// PretrainModel is the network and what it predicts. The numbers of the decoder are those of the size where they are 0.
type PretrainModel struct {
	Model `yaml:",inline"`

	DecoderWidth int `yaml:"decoder_width"` // Dd, a multiple of decoder_heads [0]
	DecoderDepth int `yaml:"decoder_depth"` // number of blocks [0]
	DecoderHeads int `yaml:"decoder_heads"` // attention heads of a block [0]

	Target string `yaml:"target"` // normalised (pixels of a cube, each channel standardised) or raw ["normalised"]
	Loss   string `yaml:"loss"`   // mse, l1 or smooth-l1 over the masked cubes ["mse"]
}

// Mask is what the encoder does not see. Source: spec 4.
type Mask struct {
	Kind  masking.Kind `yaml:"kind"`  // tube, random or frame ["tube"]
	Ratio float64      `yaml:"ratio"` // share of the cubes that are hidden, strictly between 0 and 1 [0.9]
}

// PretrainTrain is the course of a pre-training run.
type PretrainTrain struct {
	Train `yaml:",inline"`

	ReconstructSteps int `yaml:"reconstruct_steps"` // steps between pictures of a reconstruction; 0: none [500]
}

// Default is a run fit for a laptop and a few hundred clips.
func Default() Pretrain {
	return Pretrain{
		Label: Label{Name: "custom"},
		Model: PretrainModel{Model: defaultModel(), Target: "normalised", Loss: "mse"},
		Mask:  Mask{Kind: masking.Tube, Ratio: 0.9},
		Data:  defaultData(),
		Optim: Optim{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.05},
		Train: PretrainTrain{Train: defaultTrain(100), ReconstructSteps: 500},
		Tools: Tools{Decoder: "auto"},
	}
}

func defaultModel() Model {
	return Model{Size: "tiny", Frames: 16, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16}
}

func defaultData() Data {
	return Data{Split: "train", ValShare: 0.2, Stride: 4, Sampling: video.Official, FrameRate: 12, MaxBadShare: 0.01, DecodeSeconds: 60}
}

func defaultTrain(epochs int) Train {
	return Train{Epochs: epochs, Batch: 8, Accumulate: 1, Precision: "f32", CheckpointMinutes: 10, Keep: 3, LogSteps: 10}
}
