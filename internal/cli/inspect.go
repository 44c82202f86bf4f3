package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// inspection is what inspect finds in a file, a folder or a recipe.
type inspection struct {
	Path       string            `json:"path"`
	Kind       string            `json:"kind"`   // checkpoint, recipe, or what else it is: safetensors, PyTorch, hub folder, ...
	Family     string            `json:"family"` // of models; "unknown" where nothing tells
	Parameters int64             `json:"parameters"`
	Work       *work             `json:"work,omitempty"`
	Progress   *train.Progress   `json:"progress,omitempty"`
	Provenance *train.Provenance `json:"provenance,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"` // of a safetensors file
	Weights    *recognised       `json:"weights,omitempty"`  // what a file of weights was recognised as
	Config     json.RawMessage   `json:"config,omitempty"`   // the resolved recipe
	Tensors    []tensorInfo      `json:"tensors"`
	Finetune   *inspection       `json:"finetune,omitempty"` // the recipe for fine-tuning, where a name stands for both kinds

	yaml []byte // of Config
}

// work is the arithmetic that one clip takes.
type work struct {
	Visible       int     `json:"visible_cubes"` // of
	Cubes         int     `json:"cubes"`
	ForwardGMAC   float64 `json:"forward_gmac"`   // multiply-accumulates of the forward pass, by 1e9 (mae.Config.ForwardMACs)
	TrainingGFLOP float64 `json:"training_gflop"` // operations of a training step, by 1e9
}

func newInspect(s Streams) *cobra.Command {
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "inspect [RUN | CHECKPOINT | FILE | FOLDER | RECIPE]",
		Short: "Show tensors, size, work and settings of a model",
		Long: `Show what is in a run or checkpoint folder, anybody's file or folder of weights, or a recipe (a YAML file or the name of a built-in one):
tensors and their shapes, parameters, arithmetic, settings, progress and where it comes from. Every value of a checkpoint of this
program is read and checked; of others, headers only. Of weights it tells whose names they have, the model that they make, and what of
them convert would lose or has to assume. Files of PyTorch are read as data; nothing in them is run.

Without an argument it lists the built-in recipes. A name that recipes of both kinds have, for pre-training and for the fine-tuning after
it, shows both. The head of a classifier is left out where the number of classes is not known.

Forward work is counted in multiply-accumulates (MAC), which the paper calls FLOPs, of the cubes that the model sees and predicts.
Training work counts two operations for a MAC and the backward pass as two forward passes: 3 x 2 x MAC.`,
		Example: example(
			"videomae inspect run",
			"videomae inspect run/checkpoints/step-00000800 --json",
			"videomae inspect model.safetensors --tensors",
			"videomae inspect checkpoint-1599.pth --json",
			"videomae inspect hf:MCG-NJU/videomae-base",
			"videomae inspect k400-vit-b-1600"),
		Args: func(c *cobra.Command, args []string) error { return noArgs(c, args[min(1, len(args)):]) },
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listRecipes(s, asJSON)
			}
			path, err := weightsOf(c.Context(), s, args[0])
			if err != nil {
				return err
			}
			return inspect(s, path, asJSON, all)
		},
	}
	c.Flags().BoolVar(&all, "tensors", false, "list every tensor, not only groups of equal ones")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

func inspect(s Streams, path string, asJSON, all bool) error {
	i, err := look(path)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(s.Out, i)
	}
	i.print(s.Out, all)
	if i.Finetune != nil {
		fmt.Fprintln(s.Out)
		i.Finetune.print(s.Out, all)
	}
	return nil
}

// look finds out what path is, and reads it.
func look(path string) (inspection, error) {
	info, err := os.Stat(path)
	ext := filepath.Ext(path)
	if err != nil || !info.IsDir() && (ext == ".yaml" || ext == ".yml") {
		return inspectRecipe(path)
	}
	if info.IsDir() {
		if folder, err := train.Newest(path); err == nil {
			return inspectCheckpoint(folder)
		}
	}
	return inspectWeights(path)
}

// inspectCheckpoint reads a folder with the weights of a model: a checkpoint of this program, or a folder of others that looks like one.
func inspectCheckpoint(folder string) (inspection, error) {
	about, err := train.About(folder)
	if err != nil {
		return inspection{}, err
	}
	_, err = os.Stat(filepath.Join(folder, train.ConfigFile))
	_, state := os.Stat(filepath.Join(folder, stateFile))
	if err != nil || state != nil || about[weights.FamilyKey] == weights.FinetuneFamily {
		return inspectWeights(folder)
	}
	c, err := train.LoadCheckpoint(folder)
	if err != nil {
		return inspection{}, err
	}
	i, err := inspectConfig(c.Config)
	i.Path, i.Kind, i.Progress, i.Provenance = folder, "checkpoint", &c.Progress, &c.Provenance
	return i, err
}

// inspectConfig describes the model of a resolved recipe.
func inspectConfig(p recipe.Pretrain) (inspection, error) {
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		return inspection{}, err
	}
	masked, err := masking.Count(p.Mask.Kind, model.Encoder.Grid(), p.Mask.Ratio)
	if err != nil {
		return inspection{}, err
	}
	cubes := model.Encoder.Tokens()
	gmac := float64(model.ForwardMACs(cubes-masked)) / 1e9
	i := inspection{Family: weights.PretrainFamily, Parameters: int64(model.Parameters()), yaml: p.YAML(),
		Work: &work{Visible: cubes - masked, Cubes: cubes, ForwardGMAC: gmac, TrainingGFLOP: 3 * 2 * gmac}}
	for _, s := range model.Specs() {
		i.Tensors = append(i.Tensors, newTensorInfo(s.Name, weights.F32, s.Shape))
	}
	i.Config, err = yaml.YAMLToJSON(i.yaml)
	return i, err
}

func (i inspection) print(out io.Writer, all bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", i.Kind, i.Path)
	fmt.Fprintf(w, "family\t%s\n", i.Family)
	fmt.Fprintf(w, "parameters\t%s (%d) in %d tensors\n", millions(i.Parameters), i.Parameters, len(i.Tensors))
	if k := i.Work; k != nil {
		fmt.Fprintf(w, "forward\t%.2f GMAC a clip, %d of %d cubes visible\n", k.ForwardGMAC, k.Visible, k.Cubes)
		fmt.Fprintf(w, "training\t%.2f GFLOP a clip (3 x 2 x MAC: backward counted as two forward passes)\n", k.TrainingGFLOP)
	}
	if p := i.Progress; p != nil {
		fmt.Fprintf(w, "progress\tstep %d (%d updates), epoch %d, %.0f s\n", p.Step, p.Updates, p.Epoch, p.Seconds)
	}
	if p := i.Provenance; p != nil {
		fmt.Fprintf(w, "made by\t%s, %s, %s, engine %s\n", p.Program, p.Go, p.Platform, p.Engine)
		fmt.Fprintf(w, "data\t%s, %d clips, hash %s\n", p.Data, p.Clips, p.Manifest)
		if p.Init != "" {
			fmt.Fprintf(w, "init\t%s\n", p.Init)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(i.Metadata)) {
		fmt.Fprintf(w, "metadata\t%s: %s\n", key, i.Metadata[key])
	}
	i.Weights.print(w)
	w.Flush()
	fmt.Fprintln(out)
	printTensors(out, i.Tensors, all)
	if i.yaml != nil {
		fmt.Fprintf(out, "\nsettings\n  %s\n", strings.ReplaceAll(strings.TrimSpace(string(i.yaml)), "\n", "\n  "))
	}
}

func millions(n int64) string { return fmt.Sprintf("%.2f million", float64(n)/1e6) }
