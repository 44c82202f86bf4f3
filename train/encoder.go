// The encoder of a checkpoint, whatever it was trained for.

package train

import (
	"path/filepath"
	"strings"

	"videomae/mae"
	"videomae/masking"
	"videomae/vit"
	"videomae/weights"
)

// Encoder is the encoder of a checkpoint, and what its clips look like.
type Encoder struct {
	Config  vit.Config
	Stride  int         // frames of the video from one frame of a clip to the next
	Specs   []vit.Spec  // patch_embed.*, blocks.*, then the weight and the bias of Norm
	Norm    string      // the norm that follows the last block: "norm" of pre-training, "fc_norm" of a classifier
	Weights [][]float32 // in the order of Specs
	Source  string      // the checkpoint folder

	Positions masking.Grid // grid whose position table is interpolated to this one's (vit.InterpolatedPositions); the zero grid for none
}

// LoadEncoder reads the encoder of a run's newest checkpoint or of one checkpoint folder.
func LoadEncoder(path string) (Encoder, error) {
	folder, err := Newest(path)
	if err != nil {
		return Encoder{}, err
	}
	about, err := About(folder)
	if err != nil {
		return Encoder{}, err
	}
	if about[weights.FamilyKey] == weights.EncoderFamily {
		return loadEncoderAlone(folder)
	}
	config, model, values, err := LoadModel(folder)
	if err != nil {
		return Encoder{}, err
	}
	e := encoderOf(model, values)
	e.Stride, e.Source = config.Data.Stride, folder
	return e, nil
}

// loadEncoderAlone reads a checkpoint folder that holds an encoder, with or without a norm behind it, under the names that a classifier has.
func loadEncoderAlone(folder string) (Encoder, error) {
	config, model, err := loadSettings(folder)
	if err != nil {
		return Encoder{}, err
	}
	e := Encoder{Config: model.Encoder, Stride: config.Data.Stride, Norm: "norm", Source: folder}
	path := filepath.Join(folder, modelFile)
	file, err := weights.Open(path)
	if err != nil {
		return Encoder{}, err
	}
	if _, ok := file.Spec("fc_norm.weight"); ok {
		e.Norm = "fc_norm"
	}
	if err := file.Close(); err != nil {
		return Encoder{}, err
	}
	e.Specs = append(vit.EmbeddingSpecs("", e.Config), vit.BlockSpecs("", e.Config)...)
	e.Specs = append(e.Specs, vit.NormSpecs(e.Norm, e.Config.Dim)...)
	e.Weights, _, err = LoadWeights(path, e.Specs)
	return e, err
}

// encoderOf takes the encoder out of an autoencoder.
func encoderOf(model mae.Config, values [][]float32) Encoder {
	e := Encoder{Config: model.Encoder, Norm: "norm"}
	for i, s := range model.Specs() {
		if name, ok := strings.CutPrefix(s.Name, "encoder."); ok {
			s.Name = name
			e.Specs, e.Weights = append(e.Specs, s), append(e.Weights, values[i])
		}
	}
	return e
}
