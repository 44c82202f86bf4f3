package convert

import (
	"encoding/json"

	"videomae/weights"
	"videomae/weights/checkpoint"
)

// writeOfficial writes one file with the official names, which PyTorch's users load with load_file of the package safetensors.
func (j *job) writeOfficial(path string) error {
	about, err := j.about()
	if err != nil {
		return err
	}
	if j.model.Grid != "" {
		j.checkpoint.Remarks = append(j.checkpoint.Remarks, "its table of positions is interpolated; other programs build theirs anew, which changes what the model computes")
	}
	return j.copy(path, about, j.source)
}

// about is what every file of weights says of its model, of where it comes from, and, for this program, of its kind.
func (j *job) about() (map[string]string, error) {
	model, err := json.Marshal(j.model)
	if err != nil {
		return nil, err
	}
	origin, err := json.Marshal(j.origin)
	if err != nil {
		return nil, err
	}
	a := map[string]string{"format": "pt", weights.ModelKey: string(model), weights.OriginKey: string(origin)}
	switch j.model.Kind {
	case checkpoint.Pretrain:
		a[weights.FamilyKey] = weights.PretrainFamily
	case checkpoint.Classifier:
		a[weights.FamilyKey] = weights.FinetuneFamily
		names, err := json.Marshal(classNames(j.model))
		if err != nil {
			return nil, err
		}
		a["classes"] = string(names)
		if j.model.Grid != "" {
			a["positions"] = j.model.Grid
		}
	case checkpoint.Encoder:
		a[weights.FamilyKey] = weights.EncoderFamily
	default:
		a[weights.FamilyKey] = "videomae-" + string(j.model.Kind)
	}
	return a, nil
}
