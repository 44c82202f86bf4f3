package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"videomae/convert"
	"videomae/engine"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// convertOptions are what convert was asked for.
type convertOptions struct {
	convert.Options
	dtype, classes string
	size           int
	engine         string
	verify, json   bool
}

// converted is what convert tells of its work.
type converted struct {
	In       string            `json:"in"`
	Out      string            `json:"out"`
	To       convert.Format    `json:"to"`
	Names    string            `json:"names"` // of the input
	Model    checkpoint.Model  `json:"model"`
	Origin   checkpoint.Origin `json:"origin"`
	Lost     []checkpoint.Loss `json:"lost"`
	Remarks  []string          `json:"remarks"`
	Tensors  int               `json:"tensors"`
	Bytes    int64             `json:"bytes"`
	Seconds  float64           `json:"seconds"`
	PeakRSS  int64             `json:"peak_rss"` // most memory held, in bytes; before verifying
	Verified *convert.Verified `json:"verified,omitempty"`
}

func newConvert(s Streams) *cobra.Command {
	o := convertOptions{}
	c := &cobra.Command{
		Use:   "convert IN OUT --to native|official|hf",
		Short: "Turn anybody's checkpoint into one of this program, of the official code, or of Hugging Face",
		Long: `Read a checkpoint of any family and write it in another form:

  native    a checkpoint folder of this program, for finetune --init, evaluate, classify, features, reconstruct, pretrain --init
  official  one .safetensors file with the official names
  hf        a folder that Hugging Face transformers loads

IN is a file or folder: official .pth and DeepSpeed checkpoints, VideoMAE V2, Hugging Face (safetensors or pytorch_model.bin, in one file or
several), MMAction2, the official detection repository, image models of timm and MAE, and this program's own runs; or hf:OWNER/NAME[@REVISION],
which is fetched from the Hugging Face hub into its usual cache. Files of PyTorch are read as data: nothing in them is run, and classes that
no checkpoint needs are refused.

Every tensor must fit: a table shows what is missing, unexpected or mis-shaped, and --allow names exceptions. What weights do not tell
(heads, frames, pixels) is taken from what stands beside them, or is as usual, and said. Image models are inflated: patches become cubes of
two frames whose weights are halved. Values pass one tensor at a time and are not changed unless --dtype says so.`,
		Example: example(
			"videomae convert checkpoint-1599.pth k400-vit-b --to native",
			"videomae convert k400-vit-b hub --to hf --verify",
			"videomae convert hf:MCG-NJU/videomae-base base --to native",
			"videomae convert videomae-small-finetuned-kinetics small.safetensors --to official --dtype f16",
			"videomae convert mae_pretrain_vit_base.pth mae-b --to native --as encoder"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("%s takes two arguments, IN and OUT (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.In, o.Out = args[0], args[1]
			return runConvert(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.StringVar((*string)(&o.To), "to", "", "native, official or hf")
	f.StringVar(&o.dtype, "dtype", "", "store values as f32, f16 or bf16 (default: as they are)")
	f.StringVar((*string)(&o.Open.As), "as", "", "take an encoder, or of an image model a classifier (default: all of it)")
	f.StringArrayVar(&o.Open.Allow, "allow", nil, "tensors that may be missing, unknown or mis-shaped, as 'decoder.*', or classes that a pickle may name; repeatable")
	f.BoolVar(&o.verify, "verify", false, "run both sides on a fixed clip and compare their outputs")
	f.StringVar(&o.Open.Key, "key", "", "where in a file of PyTorch the tensors are, as model_ema (default: model, module or state_dict)")
	f.StringVar(&o.classes, "classes", "", "file with the names of the classes, one a line, in the order of the head's rows")
	f.StringVar(&o.Licence, "licence", "", "licence of the weights, if it is not stated beside them")
	f.BoolVar(&o.Fold, "fold-normalisation", false, "change the embedding so that pixels normalised with ImageNet's mean and deviation give the same")
	f.IntVar(&o.Open.Heads, "heads", 0, "attention heads of the encoder, which weights do not tell (default: as stated, or usual for the width)")
	f.IntVar(&o.Open.DecoderHeads, "decoder-heads", 0, "attention heads of the decoder")
	f.IntVar(&o.Open.Frames, "frames", 0, "frames of a clip (default: as stated, or 16)")
	f.IntVar(&o.size, "size", 0, "height and width of a clip in pixels (default: as stated, or 224)")
	f.IntVar(&o.Open.Tubelet, "tubelet", 0, "frames of the cubes that an image model's patches become (default 2)")
	f.StringVar(&o.engine, "engine", "", "compute engine of --verify (videomae doctor lists them)")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func runConvert(ctx context.Context, s Streams, o convertOptions) error {
	if !slices.Contains(convert.Formats, o.To) {
		return fmt.Errorf("--to must be native, official or hf, not %q (%w)", o.To, errUsage)
	}
	if err := o.resolve(); err != nil {
		return err
	}
	var err error
	if o.In, err = weightsOf(ctx, s, o.In); err != nil {
		return err
	}
	began := time.Now()
	bar := newByteProgress(s)
	o.Progress = bar.progress
	r, err := convert.Run(ctx, o.Options)
	bar.close()
	if err != nil {
		return err
	}
	out := converted{In: r.In, Out: r.Out, To: r.Format, Names: r.Family, Model: r.Model, Origin: r.Origin, Lost: append([]checkpoint.Loss{}, r.Lost...),
		Remarks: append([]string{}, r.Remarks...), Tensors: r.Tensors, Bytes: r.Bytes, Seconds: time.Since(began).Seconds(), PeakRSS: peakRSS()}
	if o.verify {
		v, err := o.compare(r)
		if err != nil {
			return err
		}
		out.Verified = &v
	}
	if o.json {
		return printJSON(s.Out, out)
	}
	out.print(s)
	return nil
}

// resolve reads what the flags refer to.
func (o *convertOptions) resolve() error {
	types := map[string]weights.DType{"": "", "f32": weights.F32, "f16": weights.F16, "bf16": weights.BF16}
	var ok bool
	if o.DType, ok = types[strings.ToLower(o.dtype)]; !ok {
		return fmt.Errorf("--dtype must be f32, f16 or bf16, not %q (%w)", o.dtype, errUsage)
	}
	o.Open.Height, o.Open.Width = o.size, o.size
	if o.classes == "" {
		return nil
	}
	text, err := os.ReadFile(o.classes)
	if err != nil {
		return err
	}
	for line := range strings.Lines(strings.TrimSpace(string(text))) {
		name := strings.TrimSpace(line)
		if name == "" || slices.Contains(o.Classes, name) {
			return fmt.Errorf("%s: line %d: %q is empty or occurs twice", o.classes, len(o.Classes)+1, name)
		}
		o.Classes = append(o.Classes, name)
	}
	if o.Classes == nil {
		return errors.New(o.classes + " names no classes")
	}
	return nil
}

// compare runs what was read and what was written.
func (o convertOptions) compare(r convert.Result) (convert.Verified, error) {
	backend, err := engine.Open(o.engine)
	if err != nil {
		return convert.Verified{}, err
	}
	defer backend.Finalize()
	return convert.Verify(backend, o.Options, r)
}

func (c converted) print(s Streams) {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "read\t%s, names of %s\n", c.In, c.Names)
	fmt.Fprintf(w, "model\t%s\n", c.Model)
	fmt.Fprintf(w, "wrote\t%s (%s): %d tensors, %.1f MB in %.1f s, at most %.0f MB of memory\n", c.Out, c.To, c.Tensors, float64(c.Bytes)/1e6, c.Seconds, float64(c.PeakRSS)/1e6)
	printOrigin(w, c.Origin)
	printLost(w, c.Lost, c.Remarks)
	if v := c.Verified; v != nil {
		fmt.Fprintf(w, "verified\t%d outputs on a fixed clip differ by at most %.2g (the largest is %.3g)\n", v.Outputs, v.Difference, v.Largest)
	}
	w.Flush()
}
