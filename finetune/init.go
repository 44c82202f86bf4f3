// The weights that a classifier starts from, and the account of what was taken from a checkpoint and what was not.

package finetune

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"videomae/classify"
	"videomae/train"
	"videomae/vit"
	"videomae/weights"
)

// Taken says what became of the tensors of a checkpoint and of a classifier that starts from it.
type Taken struct {
	Source string
	Rows   []TakenRow // tensors of the classifier in its order, then those of the checkpoint that were left
}

// TakenRow is a group of tensors: all of a block, all of a head.
type TakenRow struct {
	Group   string
	Tensors int
	What    string // "loaded", "new" or "left"
	Why     string
}

// String is a table with a row for each group.
func (t Taken) String() string {
	var b strings.Builder
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range t.Rows {
		fmt.Fprintf(tab, "%s\t%d tensors\t%s\t%s\n", row.Group, row.Tensors, row.What, row.Why)
	}
	_ = tab.Flush() // a strings.Builder never fails
	return b.String()
}

func (t *Taken) add(group, what, why string) {
	if n := len(t.Rows); n > 0 && t.Rows[n-1].Group == group && t.Rows[n-1].What == what && t.Rows[n-1].Why == why {
		t.Rows[n-1].Tensors++
		return
	}
	t.Rows = append(t.Rows, TakenRow{group, 1, what, why})
}

// Init gives the first weights of a classifier, in the order of its Specs: those of a checkpoint (a run, a checkpoint folder or a safetensors
// file with official names, pre-trained or fine-tuned) where it has them, else values drawn from the seed. path may be "". The encoder must
// be whole: a tensor of it that is missing or has another shape is an error, and so is one in the file that no VideoMAE model has. The head
// is taken only if the checkpoint's classes are these classes. Source: spec 2.4.
func Init(path string, model classify.Config, classes []string, seed uint64) ([][]float32, Taken, error) {
	specs := model.Specs()
	values := train.InitialWeights(specs, seed)
	taken := Taken{Source: path}
	if path == "" {
		return values, taken, nil
	}
	path, err := train.WeightFile(path)
	if err != nil {
		return nil, taken, err
	}
	file, err := weights.Open(path)
	if err != nil {
		return nil, taken, err
	}
	defer file.Close()
	s := source{file: file, names: map[string]string{}, sameClasses: sameClasses(file, classes)}
	for _, name := range file.Names() {
		s.names[ourName(name)] = name
	}
	used := map[string]bool{}
	for i, spec := range specs {
		why := s.missing(spec)
		switch {
		case why == "":
			used[spec.Name] = true
			if values[i], err = train.ReadTensor(file, s.names[spec.Name]); err != nil {
				return nil, taken, err
			}
			taken.add(group(spec.Name), "loaded", "")
		case isEncoder(spec.Name):
			return nil, taken, fmt.Errorf("%s does not fit the model: tensor %q %s; choose the model of the checkpoint (--model, --set model.encoder_...)", path, spec.Name, why)
		default:
			taken.add(group(spec.Name), "new", why)
		}
	}
	for _, name := range file.Names() {
		if used[ourName(name)] {
			continue
		}
		why := leftBecause(ourName(name), model)
		if why == "" {
			return nil, taken, fmt.Errorf("%s does not fit the model: tensor %q is none of a model of %d blocks with %s pooling", path, name, model.Encoder.Depth, model.Pooling)
		}
		taken.add(group(ourName(name)), "left", why)
	}
	return values, taken, nil
}

// source is a checkpoint's tensors by the names that a classifier has for them.
type source struct {
	file        *weights.File
	names       map[string]string // to the file's own
	sameClasses bool
}

// missing says why a tensor of the classifier cannot be taken, or "".
func (s source) missing(want vit.Spec) string {
	name, there := s.names[want.Name]
	if isHead(want.Name) && there && !s.sameClasses {
		return "the checkpoint's classes are others"
	}
	if !there {
		return "is not in the checkpoint"
	}
	if have, _ := s.file.Spec(name); !slices.Equal(have.Shape, want.Shape) {
		return fmt.Sprintf("has the shape %v there and %v here", have.Shape, want.Shape)
	}
	return ""
}

// sameClasses tells whether a file states these classes as its own.
func sameClasses(file *weights.File, classes []string) bool {
	var stated []string
	return json.Unmarshal([]byte(file.Metadata()[weights.ClassesKey]), &stated) == nil && slices.Equal(stated, classes)
}

// ourName is a classifier's name for a tensor of a pre-trained or fine-tuned checkpoint. Source: spec 2.4; "encoder_to_decoder" is no
// tensor of the encoder.
func ourName(name string) string {
	for _, prefix := range []string{"backbone.", "encoder."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

func isEncoder(name string) bool {
	return strings.HasPrefix(name, "patch_embed.") || strings.HasPrefix(name, "blocks.")
}

func isHead(name string) bool { return strings.HasPrefix(name, "head.") }

// leftBecause says why a classifier has no use for a tensor of a VideoMAE checkpoint; "" if it is not of one.
func leftBecause(name string, model classify.Config) string {
	switch first, _, _ := strings.Cut(name, "."); first {
	case "mask_token", "decoder", "encoder_to_decoder":
		return "of pre-training only"
	case "norm":
		return "mean pooling has a norm of its own, fc_norm"
	case "fc_norm", "pool":
		return fmt.Sprintf("%s pooling does without", model.Pooling)
	case "head":
		return "of other classes"
	}
	return ""
}

// group is what a tensor belongs to, for the table: all blocks together.
func group(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return first
}
