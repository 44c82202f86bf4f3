package finetune

import (
	"path/filepath"
	"strings"

	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// Base is what a checkpoint that fine-tuning starts from says of its clips and its encoder.
type Base struct {
	Known  bool // not for a run from scratch or a bare weight file, which say nothing
	model  recipe.Model
	data   recipe.Data
	source masking.Grid // of its positions, if they are interpolated themselves
}

// BaseOf reads the settings of a run or checkpoint folder; path "" is a run from scratch.
func BaseOf(path string) (Base, error) {
	if path == "" || strings.HasSuffix(path, ".safetensors") {
		return Base{}, nil
	}
	folder, err := train.Newest(path)
	if err != nil {
		return Base{}, err
	}
	about, err := train.About(folder)
	if err != nil {
		return Base{}, err
	}
	if about[weights.FamilyKey] == weights.FinetuneFamily {
		t, err := describe(folder)
		return Base{true, t.Recipe.Model.Model, t.Recipe.Data.Data, t.Model.Source}, err
	}
	p, err := recipe.Load(filepath.Join(folder, train.ConfigFile))
	if err == nil {
		p, err = p.Resolve()
	}
	return Base{Known: true, model: p.Model.Model, data: p.Data}, err
}

// Adopt gives a recipe the encoder, the clips and the channels of the base, where that is known.
func (b Base) Adopt(f *recipe.Finetune) {
	if !b.Known {
		return
	}
	dropPath := f.Model.DropPath
	f.Model.Model = b.model
	f.Model.DropPath = dropPath // which belongs to the training, not to the encoder
	f.Data.Stride, f.Data.Sampling, f.Data.FrameRate = b.data.Stride, b.data.Sampling, b.data.FrameRate
}

// Source is the grid whose position table a recipe's encoder interpolates; the zero grid where it builds the table anew, or its clips are
// the base's. Of a bare weight file the grid is that of the released models, 16 frames of 224 x 224.
func (b Base) Source(r recipe.Finetune) masking.Grid {
	if r.Model.Positions != "interpolate" || r.Train.Init == "" {
		return masking.Grid{}
	}
	if b.source != (masking.Grid{}) {
		return b.source
	}
	from := masking.Grid{Slots: 8, Rows: 14, Cols: 14}
	if b.Known {
		from = grid(b.model)
	}
	if from == grid(r.Model.Model) {
		return masking.Grid{}
	}
	return from
}

func grid(m recipe.Model) masking.Grid {
	return masking.Grid{Slots: m.Frames / m.Tubelet, Rows: m.Height / m.Patch, Cols: m.Width / m.Patch}
}
