package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"videomae/recipe"
)

// setting is a flag that stands for settings of a recipe.
type setting struct {
	flag string
	keys []string // of the recipe; two are a height and a width
	help string
}

// settings lists the flags that are settings of a recipe, of either kind. Their values go through recipe.Set, so that flags, --set and files
// follow the same rules. A command has those whose keys its kind of recipe has.
var settings = []setting{
	{"data", []string{"data.path"}, "list (CSV) or folder of videos"},
	{"root", []string{"data.root"}, "folder where the list's paths begin (default: the list's, or where its files are found)"},
	{"split", []string{"data.split"}, "split of the list to train on"},
	{"val-share", []string{"data.val_share"}, "share kept for validation where the list states no split"},
	{"stride", []string{"data.stride"}, "frames from one frame of a clip to the next"},
	{"sampling", []string{"data.sampling"}, "official: the frames that the official code takes; exact: its deviations put right"},
	{"quarantine", []string{"data.quarantine"}, "list of files not to try; those that hang or kill the decoder are added (default quarantine.csv in --out)"},
	{"frame-rate", []string{"data.frame_rate"}, "frames a second of folders of pictures"},
	{"workers", []string{"data.workers"}, "clips decoded at the same time (0: one for each CPU)"},
	{"max-bad-share", []string{"data.max_bad_share"}, "share of unreadable clips at which the run stops"},
	{"model", []string{"model.size"}, "tiny, small, base, large or huge"},
	{"frames", []string{"model.frames"}, "frames of a clip"},
	{"channels", []string{"model.channels"}, "3 (RGB) or 1 (grey)"},
	{"decoder-depth", []string{"model.decoder_depth"}, "blocks of the decoder (0: the model's)"},
	{"decoder-width", []string{"model.decoder_width"}, "width of the decoder (0: the model's)"},
	{"decoder-heads", []string{"model.decoder_heads"}, "attention heads of the decoder (0: the model's)"},
	{"drop-path", []string{"model.drop_path"}, "drop path rate of the last block"},
	{"target", []string{"model.target"}, "normalised or raw pixels"},
	{"loss", []string{"model.loss"}, "mse, l1 or smooth-l1"},
	{"mask", []string{"mask.kind"}, "tube, random or frame"},
	{"mask-ratio", []string{"mask.ratio"}, "share of the cubes that are masked"},
	{"lr", []string{"optim.lr"}, "peak learning rate, whatever the batch"},
	{"clip-grad", []string{"optim.clip_grad"}, "largest gradient norm (0: no clipping)"},
	{"epochs", []string{"train.epochs"}, "passes over the data"},
	{"steps", []string{"train.steps"}, "end after this many steps (0: after the epochs)"},
	{"batch", []string{"train.batch"}, "clips that go through the model at once"},
	{"accumulate", []string{"train.accumulate"}, "batches gathered for one update"},
	{"seed", []string{"train.seed"}, "seed of every random decision"},
	{"precision", []string{"train.precision"}, "f32 or bf16"},
	{"gradient-checkpointing", []string{"train.gradient_checkpointing"}, "true: store less and compute more"},
	{"init", []string{"train.init"}, "start from these weights: a " + sourceHelp},
	{"checkpoint-steps", []string{"train.checkpoint_steps"}, "save every so many steps (0: by time only)"},
	{"checkpoint-minutes", []string{"train.checkpoint_minutes"}, "save every so many minutes (0: by steps only)"},
	{"keep", []string{"train.keep"}, "newest checkpoints to keep"},
	{"reconstruct-steps", []string{"train.reconstruct_steps"}, "draw a reconstruction every so many steps (0: never)"},
	{"log-steps", []string{"train.log_steps"}, "log every so many steps"},
	{"engine", []string{"engine"}, "compute engine (videomae doctor lists them)"},
	{"decoder", []string{"decoder"}, decoderHelp},
	{"size", []string{"model.height", "model.width"}, "side of the picture in pixels, or HEIGHTxWIDTH"},
	{"val-split", []string{"data.val_split"}, "split of the list to validate on"},
	{"scheme", []string{"data.scheme"}, "dense: neighbouring frames, stride apart; ssv2: frames spread over the whole video"},
	{"repeats", []string{"data.repeats"}, "augmented copies of each clip in its batch"},
	{"per-class", []string{"data.per_class"}, "train on at most so many videos of each class (0: all)"},
	{"shuffle-labels", []string{"data.shuffle_labels"}, "true: train on labels dealt out at random, to see what chance looks like"},
	{"pooling", []string{"model.pooling"}, "mean, norm-mean or attention"},
	{"positions", []string{"model.positions"}, "rebuild or interpolate the position table for clips of another shape than pre-training's"},
	{"flip", []string{"augment.flip"}, "probability of a mirrored clip; 0 where left and right are part of the label"},
	{"randaugment", []string{"augment.randaugment"}, "policy of RandAugment; empty: none"},
	{"mix", []string{"mix.probability"}, "probability of mixup or cutmix in a batch"},
	{"layer-decay", []string{"optim.layer_decay"}, "factor of the learning rate from each layer to the one below"},
	{"ema-decay", []string{"train.ema_decay"}, "decay of a running mean of the weights, which is then what is evaluated (0: none)"},
	{"freeze", []string{"train.freeze"}, "layers from the input that stay as they are: 1 the cube embedding, 1+k also k blocks"},
	{"patience", []string{"train.patience"}, "epochs without a better validation that end the run (0: it never ends early)"},
}

// settingsOf lists the flags whose keys a kind of recipe has.
func settingsOf[R recipe.Recipe]() []setting {
	keys := recipe.Keys[R]()
	return slices.DeleteFunc(slices.Clone(settings), func(s setting) bool { return !slices.Contains(keys, s.keys[0]) })
}

// addSettings gives a command the flags of a kind of recipe, and --set for the settings that have none. Help shows the values that
// hold without a recipe.
func addSettings[R recipe.Recipe](c *cobra.Command, overrides *[]string, defaults R) {
	for _, s := range settingsOf[R]() {
		c.Flags().String(s.flag, "", s.help)
		value, err := recipe.Get(defaults, s.keys[0])
		if err == nil && value != "unset" && value != `""` { // a key that is unknown shows when its flag is used
			c.Flags().Lookup(s.flag).DefValue = value
		}
	}
	for _, name := range []string{"gradient-checkpointing", "shuffle-labels"} {
		if flag := c.Flags().Lookup(name); flag != nil {
			flag.NoOptDefVal = "true"
		}
	}
	c.Flags().StringArrayVar(overrides, "set", nil, "override any setting of the recipe, as in --set optim.weight_decay=0.1")
}

// applySettings puts the flags that were given, and then the overrides, into a recipe.
func applySettings[R recipe.Recipe](c *cobra.Command, overrides []string, p *R) error {
	for _, s := range settingsOf[R]() {
		if !c.Flags().Changed(s.flag) {
			continue
		}
		values := []string{c.Flags().Lookup(s.flag).Value.String()}
		if len(s.keys) == 2 {
			height, width := sides(values[0])
			values = []string{height, width}
		}
		for i, key := range s.keys {
			if err := recipe.Set(p, key+"="+values[i]); err != nil {
				return fmt.Errorf("--%s: %w", s.flag, err)
			}
		}
	}
	for _, o := range overrides {
		if err := recipe.Set(p, o); err != nil {
			return fmt.Errorf("--set: %w", err)
		}
	}
	return nil
}
