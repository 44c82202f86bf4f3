package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"videomae/train"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// Files of a checkpoint folder beside its weights.
const (
	stateFile      = "state.json"
	provenanceFile = "provenance.json"
)

// maxBeside is the longest of them that is read, in bytes.
const maxBeside = 1 << 20

// recognised is what a file of weights turned out to be.
type recognised struct {
	Names    string             `json:"names,omitempty"`   // the family of names
	Whose    string             `json:"whose,omitempty"`   // the programs that have them
	Model    *checkpoint.Model  `json:"model,omitempty"`   // what the tensors make
	Unknown  string             `json:"unknown,omitempty"` // why nothing is known
	Misfit   string             `json:"misfit,omitempty"`  // table of what is missing, unexpected or mis-shaped
	Lost     []checkpoint.Loss  `json:"lost"`              // tensors that the model does not take
	Remarks  []string           `json:"remarks"`           // assumptions, and what else is in the file
	Epoch    any                `json:"epoch,omitempty"`   // of the run that wrote a file of PyTorch
	Settings map[string]any     `json:"settings,omitempty"`
	Origin   *checkpoint.Origin `json:"origin,omitempty"` // of weights that were converted
}

// inspectWeights reads anybody's weights: the headers, and in a checkpoint folder of this program every value.
func inspectWeights(path string) (i inspection, err error) {
	c, unknown, err := checkpoint.Look(path, checkpoint.Options{})
	if err != nil {
		return inspection{}, err
	}
	defer func() { err = errors.Join(err, c.Raw.Close()) }()
	i = inspection{Path: path, Kind: c.Format, Family: "unknown", Metadata: c.Raw.Metadata(), Tensors: []tensorInfo{}}
	for _, spec := range weights.Specs(c.Raw) {
		t := newTensorInfo(spec.Name, spec.DType, spec.Shape)
		i.Tensors = append(i.Tensors, t)
		i.Parameters += t.values
	}
	i.Weights = recognise(c, unknown)
	if said := c.Raw.Metadata()[weights.FamilyKey]; said != "" {
		i.Family = said
	} else if unknown == nil {
		i.Family = familyOf(c.Model.Kind)
	}
	if unknown == nil {
		v := c.Model.Vit()
		if c.Model.EncoderHeads > 0 && v.Validate() == nil {
			gmac := encoderGMAC(v)
			i.Work = &work{Visible: v.Tokens(), Cubes: v.Tokens(), ForwardGMAC: gmac, TrainingGFLOP: 3 * 2 * gmac}
		}
	}
	if c.Folder == "" || c.Format != "checkpoint folder" {
		return i, nil
	}
	return i, errors.Join(i.beside(c.Folder), finite(c.Raw))
}

func familyOf(k checkpoint.Kind) string {
	switch k {
	case checkpoint.Pretrain:
		return weights.PretrainFamily
	case checkpoint.Classifier:
		return weights.FinetuneFamily
	}
	return "videomae-" + string(k)
}

func recognise(c *checkpoint.Checkpoint, unknown error) *recognised {
	r := &recognised{Names: c.Family, Whose: c.About, Lost: append([]checkpoint.Loss{}, c.Lost...), Remarks: append([]string{}, c.Remarks...),
		Epoch: c.Torch.Epoch, Settings: c.Torch.Args}
	var origin checkpoint.Origin
	if text, ok := c.Raw.Metadata()[weights.OriginKey]; ok && json.Unmarshal([]byte(text), &origin) == nil {
		r.Origin = &origin
	}
	if unknown != nil {
		r.Unknown = unknown.Error()
		return r
	}
	r.Model = &c.Model
	if report, err := c.Match(); err != nil {
		r.Misfit = report.String()
	}
	return r
}

// beside reads what a checkpoint folder holds beside its weights.
func (i *inspection) beside(folder string) error {
	i.Kind = "checkpoint"
	for name, read := range map[string]func([]byte) error{
		stateFile:      func(text []byte) error { return json.Unmarshal(text, &i.Progress) },
		provenanceFile: func(text []byte) error { return json.Unmarshal(text, &i.Provenance) },
		train.ConfigFile: func(text []byte) (err error) {
			i.yaml = text
			i.Config, err = yaml.YAMLToJSON(text)
			return err
		},
	} {
		path := filepath.Join(folder, name)
		file, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		var text []byte
		if err == nil {
			text, err = io.ReadAll(io.LimitReader(file, maxBeside))
			err = errors.Join(err, file.Close())
		}
		if err == nil {
			err = read(text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// finite reads every tensor.
func finite(s weights.Source) error {
	for _, name := range s.Names() {
		t, err := s.Tensor(name)
		if err == nil {
			err = t.CheckFinite()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.Path(), err)
		}
	}
	return nil
}

func (r *recognised) print(w io.Writer) {
	if r == nil {
		return
	}
	if r.Unknown != "" {
		fmt.Fprintf(w, "not recognised\t%s\n", r.Unknown)
	} else {
		fmt.Fprintf(w, "names\t%s (%s)\n", r.Names, r.Whose)
		fmt.Fprintf(w, "model\t%s\n", r.Model)
	}
	if r.Epoch != nil {
		fmt.Fprintf(w, "epoch\t%v\n", r.Epoch)
	}
	if o := r.Origin; o != nil {
		printOrigin(w, *o)
	}
	printLost(w, r.Lost, r.Remarks)
	if r.Misfit != "" {
		fmt.Fprintf(w, "does not fit\tthe model that its tensors seem to make:\n")
		fmt.Fprintln(w, r.Misfit)
	}
}

func printOrigin(w io.Writer, o checkpoint.Origin) {
	fmt.Fprintf(w, "origin\t%s (%s names), sha256 %s\n", o.Source, o.Family, o.SHA256)
	licence := o.Licence
	if o.NonCommercial {
		licence += " - NOT FOR COMMERCIAL USE"
	}
	fmt.Fprintf(w, "licence\t%s\n", licence)
	if o.Changed != "" {
		fmt.Fprintf(w, "changed\t%s\n", o.Changed)
	}
}

// printLost lists what is not taken, one line for tensors of all blocks that are left for the same reason.
func printLost(w io.Writer, lost []checkpoint.Loss, remarks []string) {
	type group struct {
		name, why string
		change    bool
	}
	count := map[group]int{}
	var order []group
	for _, l := range lost {
		g := group{blockNumber.ReplaceAllString(l.Name, ".*."), l.Why, l.Change}
		if count[g] == 0 {
			order = append(order, g)
		}
		count[g]++
	}
	for _, g := range order {
		what := "lost"
		if !g.change {
			what = "not needed"
		}
		fmt.Fprintf(w, "%s\t%d x %s: %s\n", what, count[g], g.name, g.why)
	}
	for _, r := range remarks {
		fmt.Fprintf(w, "note\t%s\n", r)
	}
}
