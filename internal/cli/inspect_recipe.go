package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"

	"videomae/finetune"
	"videomae/masking"
	"videomae/recipe"
	"videomae/vit"
	"videomae/weights"
)

// recipeLine is what the list of recipes says of one.
type recipeLine struct {
	Name        string      `json:"name"`
	Kind        recipe.Kind `json:"kind"`
	Title       string      `json:"title"`
	Parameters  int64       `json:"parameters"`
	ForwardGMAC float64     `json:"forward_gmac"`
}

// listRecipes prints the built-in recipes with their sizes.
func listRecipes(s Streams, asJSON bool) error {
	var list []recipeLine
	for _, kind := range recipe.Kinds {
		for _, name := range recipe.Names(kind) {
			i, err := inspectKind(kind, name)
			if err != nil {
				return err
			}
			list = append(list, recipeLine{name, kind, recipe.Title(kind, name), i.Parameters, i.Work.ForwardGMAC})
		}
	}
	if asJSON {
		return printJSON(s.Out, list)
	}
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "recipe\tfor\tparameters\tforward work\twhat it trains")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f GMAC a clip\t%s\n", r.Name, r.Kind, millions(r.Parameters), r.ForwardGMAC, r.Title)
	}
	return w.Flush()
}

// inspectRecipe reads the recipe of the given file, or those of the given name.
func inspectRecipe(fileOrName string) (inspection, error) {
	kinds, err := recipe.KindsOf(fileOrName)
	if err != nil {
		return inspection{}, err
	}
	i, err := inspectKind(kinds[0], fileOrName)
	if err != nil || len(kinds) == 1 {
		return i, err
	}
	second, err := inspectKind(kinds[1], fileOrName)
	i.Finetune = &second
	return i, err
}

// inspectKind reads a recipe of a kind.
func inspectKind(kind recipe.Kind, fileOrName string) (i inspection, err error) {
	if kind == recipe.KindFinetune {
		i, err = loadAndDescribe(fileOrName, recipe.LoadFinetune, recipe.Finetune.Resolve, inspectFinetune)
	} else {
		i, err = loadAndDescribe(fileOrName, recipe.Load, recipe.Pretrain.Resolve, inspectConfig)
	}
	i.Path, i.Kind = fileOrName, "recipe"
	return i, err
}

func loadAndDescribe[R recipe.Recipe](fileOrName string, load func(string) (R, error), resolve func(R) (R, error), describe func(R) (inspection, error)) (inspection, error) {
	r, err := load(fileOrName)
	if err != nil {
		return inspection{}, err
	}
	if r, err = resolve(r); err != nil {
		return inspection{}, fmt.Errorf("%s: %w", fileOrName, err)
	}
	return describe(r)
}

// inspectFinetune describes the classifier of a resolved recipe without its head, whose size is the data's.
func inspectFinetune(f recipe.Finetune) (inspection, error) {
	model, err := finetune.ModelConfig(f.Model, 1, masking.Grid{})
	if err != nil {
		return inspection{}, err
	}
	encoder := model.Encoder
	cubes := encoder.Tokens()
	gmac := encoderGMAC(encoder)
	i := inspection{Family: weights.FinetuneFamily, yaml: f.YAML(), Work: &work{Visible: cubes, Cubes: cubes, ForwardGMAC: gmac, TrainingGFLOP: 3 * 2 * gmac}}
	for _, s := range model.Specs() {
		if strings.HasPrefix(s.Name, "head.") {
			continue
		}
		t := newTensorInfo(s.Name, weights.F32, s.Shape)
		i.Tensors = append(i.Tensors, t)
		i.Parameters += t.values
	}
	i.Config, err = yaml.YAMLToJSON(i.yaml)
	return i, err
}

// encoderGMAC counts the multiply-accumulates of a clip that the encoder sees as a whole, by 1e9. Source: spec 1.1.
func encoderGMAC(v vit.Config) float64 {
	n, d := float64(v.Tokens()), float64(v.Dim)
	blocks := float64(v.Depth) * (4*d*d*n + 2*d*float64(v.MLP)*n + 2*n*n*d)
	return (blocks + float64(v.CubeSize())*d*n) / 1e9
}
