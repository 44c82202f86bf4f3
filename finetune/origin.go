package finetune

import (
	"path/filepath"
	"strings"

	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// Origin is what a checkpoint that fine-tuning starts from says of its clips and its encoder.
type Origin struct {
	Known  bool // not for a run from scratch or a bare weight file, which say nothing
	model  recipe.Model
	data   recipe.Data
	source masking.Grid // of its positions, if they are interpolated themselves
}

// OriginOf reads the settings of a run or checkpoint folder; path "" is a run from scratch.
func OriginOf(path string) (Origin, error) {
	if path == "" || strings.HasSuffix(path, ".safetensors") {
		return Origin{}, nil
	}
	folder, err := train.Newest(path)
	if err != nil {
		return Origin{}, err
	}
	about, err := train.About(folder)
	if err != nil {
		return Origin{}, err
	}
	if about[weights.FamilyKey] == weights.FinetuneFamily {
		t, err := describe(folder)
		return Origin{true, t.Recipe.Model.Model, t.Recipe.Data.Data, t.Model.Source}, err
	}
	p, err := recipe.Load(filepath.Join(folder, train.ConfigFile))
	if err == nil {
		p, err = p.Resolve()
	}
	return Origin{Known: true, model: p.Model.Model, data: p.Data}, err
}

// Adopt gives a recipe the encoder, the clips and the channels of the origin, where that is known.
func (o Origin) Adopt(f *recipe.Finetune) {
	if !o.Known {
		return
	}
	dropPath := f.Model.DropPath
	f.Model.Model = o.model
	f.Model.DropPath = dropPath // which belongs to the training, not to the encoder
	f.Data.Stride, f.Data.Sampling, f.Data.FrameRate = o.data.Stride, o.data.Sampling, o.data.FrameRate
}

// Source is the grid whose position table a recipe's encoder interpolates; the zero grid where it builds the table anew, or its clips are
// the origin's. Of a bare weight file the grid is that of the released models, 16 frames of 224 x 224.
func (o Origin) Source(r recipe.Finetune) masking.Grid {
	if r.Model.Positions != "interpolate" || r.Train.Init == "" {
		return masking.Grid{}
	}
	if o.source != (masking.Grid{}) {
		return o.source
	}
	from := masking.Grid{Slots: 8, Rows: 14, Cols: 14}
	if o.Known {
		from = grid(o.model)
	}
	if from == grid(r.Model.Model) {
		return masking.Grid{}
	}
	return from
}

func grid(m recipe.Model) masking.Grid {
	return masking.Grid{Slots: m.Frames / m.Tubelet, Rows: m.Height / m.Patch, Cols: m.Width / m.Patch}
}
