package recipe

import "videomae/frames/randaugment"

// Finetune is a fine-tuning run: a classifier made of a pre-trained encoder, or trained from scratch. Its file says "kind: finetune".
type Finetune struct {
	Label `yaml:",inline"`

	Model   FinetuneModel `yaml:"model"`
	Data    FinetuneData  `yaml:"data"`
	Augment Augment       `yaml:"augment"`
	Mix     Mix           `yaml:"mix"`
	Optim   FinetuneOptim `yaml:"optim"`
	Train   FinetuneTrain `yaml:"train"`

	Tools `yaml:",inline"`
}

// FinetuneModel is the classifier: the encoder, a pooling of its features and one linear layer. Source: spec 1.6 and 1.7.
type FinetuneModel struct {
	Model `yaml:",inline"`

	HeadDropout float64 `yaml:"head_dropout"` // rate of the dropout before the last layer, in [0, 1) [0]
	InitScale   float64 `yaml:"init_scale"`   // factor of the last layer's first weights, so that no class is preferred at first [0.001]
	Pooling     string  `yaml:"pooling"`      // mean (then a norm of its own), norm-mean (the encoder's norm first) or attention ["mean"]
	Positions   string  `yaml:"positions"`    // table for other clips than pre-training's: rebuild by the formula or interpolate ["rebuild"]
}

// FinetuneData is where labelled clips come from and how they are cut. Source: spec 5.3 and 5.4.
type FinetuneData struct {
	Data `yaml:",inline"`

	Scheme   string `yaml:"scheme"`    // dense (neighbouring frames, stride apart) or ssv2 (frames spread over the whole video) ["dense"]
	ValSplit string `yaml:"val_split"` // the part of the data to validate on ["val"]
	Repeats  int    `yaml:"repeats"`   // augmented copies of a decoded clip in its batch, which leave rate and steps as they are [1]

	PerClass      int  `yaml:"per_class"`      // train on at most so many videos of each class, drawn by the seed; 0: all [0]
	ShuffleLabels bool `yaml:"shuffle_labels"` // deal the training labels out at random, to see what chance looks like [false]
}

// Augment is what is done to each clip, with the same draw for all its frames. Source: spec 5.5.
type Augment struct {
	RandAugment string  `yaml:"randaugment"` // policy in the usual notation; empty: none ["rand-m7-n4-mstd0.5-inc1"]
	CropMin     float64 `yaml:"crop_min"`    // least share of the picture's area in a crop, above 0 [0.5]
	CropMax     float64 `yaml:"crop_max"`    // largest share, at most 1 [1]
	Flip        float64 `yaml:"flip"`        // probability of a mirrored clip; 0 where left and right are part of the label [0.5]
	Erase       float64 `yaml:"erase"`       // probability of a box of noise [0.25]
}

// Mix is how the clips of a batch, and their labels, are mixed in pairs. Source: spec 5.5.
type Mix struct {
	Mixup       float64 `yaml:"mixup"`       // parameter of the Beta distribution of shares when clips are blended; 0: never [0.8]
	Cutmix      float64 `yaml:"cutmix"`      // the same when a box of one is set into the other; 0: never [1]
	Probability float64 `yaml:"probability"` // that a batch is mixed [0.5]
	Switch      float64 `yaml:"switch"`      // probability of cutmix where both are possible [0.5]
	Smoothing   float64 `yaml:"smoothing"`   // share of each label that is spread over all classes, in [0, 1) [0.1]
}

// FinetuneOptim is AdamW with a rate for each layer. Source: spec 6.1.
type FinetuneOptim struct {
	Optim `yaml:",inline"`

	LayerDecay float64 `yaml:"layer_decay"` // factor of the rate from each layer to the one below, in (0, 1]; 1: the same for all [0.75]
}

// FinetuneTrain is the course of a fine-tuning run.
type FinetuneTrain struct {
	Train `yaml:",inline"`

	EMADecay       float64 `yaml:"ema_decay"`       // decay of a moving average of the weights, kept beside them, in [0, 1); 0: none [0]
	Freeze         int     `yaml:"freeze"`          // layers from the input that stay as they are: 1 the cube embedding, 1+k also k blocks [0]
	ValidateEpochs int     `yaml:"validate_epochs"` // epochs from one validation to the next [1]
	Patience       int     `yaml:"patience"`        // epochs without a better validation after which the run ends; 0: it never does [0]
}

// DefaultFinetune is a run fit for a laptop and some hundred labelled clips; Advise fits it to their number and gives the reasons.
func DefaultFinetune() Finetune {
	model := defaultModel()
	model.DropPath = 0.1
	return Finetune{
		Label:   Label{Name: "custom"},
		Model:   FinetuneModel{Model: model, InitScale: 0.001, Pooling: "mean", Positions: "rebuild"},
		Data:    FinetuneData{Data: defaultData(), Scheme: "dense", ValSplit: "val", Repeats: 1},
		Augment: Augment{RandAugment: randaugment.Official, CropMin: 0.5, CropMax: 1, Flip: 0.5, Erase: 0.25},
		Mix:     Mix{Mixup: 0.8, Cutmix: 1, Probability: 0.5, Switch: 0.5, Smoothing: 0.1},
		Optim:   FinetuneOptim{Optim: Optim{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.05, ClipGrad: 1}, LayerDecay: 0.75},
		Train:   FinetuneTrain{Train: defaultTrain(50), ValidateEpochs: 1},
		Tools:   Tools{Decoder: "auto"},
	}
}

// Mixes tells whether batches are ever mixed, which takes an even number of clips.
func (m Mix) Mixes() bool { return m.Probability > 0 && (m.Mixup > 0 || m.Cutmix > 0) }
