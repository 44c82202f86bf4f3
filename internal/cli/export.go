// The command export and its form onnx.

package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"videomae/onnx"
)

// exportOptions are what export onnx was asked for.
type exportOptions struct {
	onnx.Options
	batch, dtype string
	json         bool
}

// exported is what export tells of its work.
type exported struct {
	onnx.Exported
	Seconds float64 `json:"seconds"`
	PeakRSS int64   `json:"peak_rss"` // most memory held, in bytes
}

func newExport(s Streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "export",
		Short:   "Write a model in a form that other programs run",
		Example: example("videomae export onnx --checkpoint finetuned --what classifier --out classifier.onnx"),
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newExportONNX(s))
	return c
}

func newExportONNX(s Streams) *cobra.Command {
	o := exportOptions{}
	c := &cobra.Command{
		Use:   "onnx --checkpoint DIR --what features|classifier|reconstruction --out FILE.onnx",
		Short: "Write a model as an ONNX file",
		Long: `Write a checkpoint's model as an ONNX file, for ONNX Runtime, TensorRT, OpenVINO and others. Its operations are those that common runtimes have.

  features        pixel_values [B, C, T, H, W] -> features [B, D], the mean of all cubes behind the norm, and tokens [B, N, D]
  classifier      pixel_values -> logits [B, classes]
  reconstruction  pixel_values, visible [B, Nv], masked [B, Nm] (indices of cubes) -> predictions [B, Nm, P]

features are of any checkpoint, classifiers of fine-tuned ones, reconstruction of pre-trained ones. pixel_values are float32: pixels / 255, less the mean, divided by the deviation of their channel. Both stand in the file's metadata, with
the names of the classes, the frames and the stride of a clip, and the licence of the weights as far as it is known.

With a fixed batch, all sizes are fixed (of masked cubes, as in training); a free one is chosen at each call. A file that would be longer
than 2 GB, the format's limit, has its weights beside it in FILE.onnx.data. --dtype f16 stores weights and multiplies matrices in 16 bits;
inputs, outputs, norms, soft-max and residual sums stay in 32. Values pass one tensor at a time.`,
		Example: example(
			"videomae export onnx --checkpoint finetuned --what classifier --out classifier.onnx",
			"videomae export onnx --checkpoint run --what features --batch 1 --dtype f16 --out encoder.onnx --json"),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return exportONNX(c.Context(), s, o) },
	}
	f := c.Flags()
	f.StringVar(&o.Checkpoint, "checkpoint", "", sourceHelp)
	f.StringVar((*string)(&o.What), "what", "", "features, classifier or reconstruction")
	f.StringVar(&o.Out, "out", "", "file to make, which must not be there yet")
	f.StringVar(&o.batch, "batch", "free", "clips of a call: a number, or free")
	f.StringVar(&o.dtype, "dtype", "f32", "f32 or f16")
	f.IntVar(&o.Opset, "opset", onnx.MinOpset, fmt.Sprintf("version of the set of operators, %d to %d", onnx.MinOpset, onnx.MaxOpset))
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

// resolve checks the flags and turns them into options.
func (o *exportOptions) resolve() error {
	if o.Checkpoint == "" || o.Out == "" {
		return fmt.Errorf("--checkpoint and --out are needed")
	}
	if !slices.Contains(onnx.Whats, o.What) {
		return fmt.Errorf("--what must be features, classifier or reconstruction, not %q", o.What)
	}
	if o.batch != "free" {
		n, err := strconv.Atoi(o.batch)
		if err != nil || n < 1 {
			return fmt.Errorf("--batch must be a number of clips or free, not %q", o.batch)
		}
		o.Batch = n
	}
	if o.Half = o.dtype == "f16"; !o.Half && o.dtype != "f32" {
		return fmt.Errorf("--dtype must be f32 or f16, not %q", o.dtype)
	}
	if o.Opset < onnx.MinOpset || o.Opset > onnx.MaxOpset {
		return fmt.Errorf("--opset must be %d to %d, not %d", onnx.MinOpset, onnx.MaxOpset, o.Opset)
	}
	return nil
}

func exportONNX(ctx context.Context, s Streams, o exportOptions) error {
	if err := o.resolve(); err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	var err error
	if o.Checkpoint, err = weightsOf(ctx, s, o.Checkpoint); err != nil {
		return err
	}
	began := time.Now()
	bar := newByteProgress(s)
	o.Progress = bar.progress
	e, err := onnx.Export(ctx, o.Options)
	bar.close()
	if err != nil {
		return err
	}
	out := exported{e, time.Since(began).Seconds(), peakRSS()}
	if o.json {
		return printJSON(s.Out, out)
	}
	out.print(s)
	return nil
}

func (e exported) print(s Streams) {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, v := range e.Inputs {
		fmt.Fprintf(w, "input\t%s %s\n", v.Name, shapeText(v))
	}
	for _, v := range e.Outputs {
		fmt.Fprintf(w, "output\t%s %s\n", v.Name, shapeText(v))
	}
	files := e.File
	if e.Data != "" {
		files += " and " + e.Data
	}
	fmt.Fprintf(w, "wrote\t%s: opset %d, %d operations, %d tensors, %.1f MB in %.1f s, at most %.0f MB of memory\n",
		files, e.Opset, e.Nodes, e.Tensors, float64(e.Bytes)/1e6, e.Seconds, float64(e.PeakRSS)/1e6)
	printOrigin(w, e.Origin)
	printLost(w, nil, e.Remarks)
	w.Flush()
}

// shapeText is the type and the shape of an input or output.
func shapeText(v onnx.Value) string {
	var sizes []string
	for _, d := range v.Shape {
		sizes = append(sizes, d.String())
	}
	return fmt.Sprintf("%s [%s]", v.Type, strings.Join(sizes, ", "))
}
