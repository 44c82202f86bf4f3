package checkpoint

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"videomae/classify"
	"videomae/recipe"
	"videomae/weights"
)

// fromRecipe takes the recipe beside the weights of a run of this program.
func (c *Checkpoint) fromRecipe() (bool, error) {
	path := filepath.Join(c.Folder, recipeName)
	if c.Folder == "" || c.Family != "official" || !exists(path) {
		return false, nil
	}
	kinds, err := recipe.KindsOf(path)
	if err != nil {
		return false, err
	}
	m := &c.Model
	if kinds[0] == recipe.KindPretrain {
		r, err := recipe.Load(path)
		if err == nil {
			r, err = r.Resolve()
		}
		if err != nil {
			return false, err
		}
		m.DecoderHeads, m.Target = r.Model.DecoderHeads, r.Model.Target
		return true, m.fromModel(r.Model.Model, r.Data)
	}
	r, err := recipe.LoadFinetune(path)
	if err == nil {
		r, err = r.Resolve()
	}
	if err != nil {
		return false, err
	}
	if r.Model.Pooling != string(classify.Mean) && m.Kind == Detector {
		m.Kind = Classifier // its tensors have the same names
	}
	m.Grid = c.Raw.Metadata()[weights.PositionsKey]
	if m.Kind == Classifier {
		m.Pooling = r.Model.Pooling
		if m.Pooling != string(classify.Mean) {
			m.Norm = "norm"
		}
		if err := json.Unmarshal([]byte(c.Raw.Metadata()[weights.ClassesKey]), &m.Classes); err != nil || len(m.Classes) != m.Head {
			return false, fmt.Errorf("metadata name %d classes of %d (%v)", len(m.Classes), m.Head, err)
		}
	}
	return true, m.fromModel(r.Model.Model, r.Data.Data)
}

// fromModel takes the clip and the heads, and compares what the tensors tell too.
func (m *Model) fromModel(r recipe.Model, d recipe.Data) error {
	m.Frames, m.Height, m.Width, m.EncoderHeads, m.Stride = r.Frames, r.Height, r.Width, r.EncoderHeads, d.Stride
	if r.EncoderWidth != m.EncoderWidth || r.EncoderDepth != m.EncoderDepth || r.Patch != m.Patch || r.Tubelet != m.Tubelet {
		return fmt.Errorf("%s describes another model than the tensors make (width %d, %d blocks)", recipeName, m.EncoderWidth, m.EncoderDepth)
	}
	return nil
}
