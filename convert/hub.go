package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"videomae/vit"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// architectures gives the class of transformers for each kind of model that it has.
var architectures = map[checkpoint.Kind]string{
	checkpoint.Pretrain:   "VideoMAEForPreTraining",
	checkpoint.Classifier: "VideoMAEForVideoClassification",
	checkpoint.Encoder:    "VideoMAEModel",
}

// writeHub writes a folder that transformers loads. Its norms outside of the blocks have an eps of their own (1e-5), which no setting changes.
func (j *job) writeHub(folder string) error {
	m := j.model
	switch {
	case architectures[m.Kind] == "":
		return fmt.Errorf("transformers has no %s; take the encoder (--as encoder)", m.Kind)
	case m.Kind == checkpoint.Classifier && m.Pooling != "mean":
		return fmt.Errorf("transformers has no classifier with %s pooling", m.Pooling)
	case m.Grid != "":
		return errors.New("transformers builds the table of positions anew, where this model has an interpolated one")
	case m.Kind == checkpoint.Encoder && m.Norm == "fc_norm":
		return errors.New("the encoder's norm is fc_norm, which transformers has in classifiers only")
	}
	if err := m.CheckRunnable(); err != nil {
		return err
	}
	renamed, err := checkpoint.ForHub(j.source, m)
	if err != nil {
		return err
	}
	about, err := j.about()
	if err != nil {
		return err
	}
	if err := j.copy(filepath.Join(folder, modelFile), about, renamed); err != nil {
		return err
	}
	return errors.Join(
		writeJSON(filepath.Join(folder, "config.json"), j.hubConfig(dtypeName(renamed))),
		writeJSON(filepath.Join(folder, "preprocessor_config.json"), hubPreprocessor(m)),
		j.writeProvenance(filepath.Join(folder, provenanceFile)),
		writeSynced(filepath.Join(folder, "README.md"), j.modelCard()),
	)
}

// hubConfig is what config.json says. Source: spec 2.5.
func (j *job) hubConfig(dtype string) map[string]any {
	m := j.model
	config := map[string]any{
		"model_type": "videomae", "architectures": []string{architectures[m.Kind]},
		"image_size": square(m.Height, m.Width), "patch_size": m.Patch, "num_channels": m.Channels, "num_frames": m.Frames, "tubelet_size": m.Tubelet,
		"hidden_size": m.EncoderWidth, "num_hidden_layers": m.EncoderDepth, "num_attention_heads": m.EncoderHeads, "intermediate_size": m.EncoderMLP,
		"hidden_act": "gelu", "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02,
		"layer_norm_eps": vit.NormEpsilon, "qkv_bias": true, "use_mean_pooling": m.Norm != "norm",
		"torch_dtype": dtype,
	}
	if m.Kind == checkpoint.Pretrain {
		config["decoder_hidden_size"], config["decoder_num_hidden_layers"] = m.DecoderWidth, m.DecoderDepth
		config["decoder_num_attention_heads"], config["decoder_intermediate_size"] = m.DecoderHeads, m.DecoderMLP
		config["norm_pix_loss"], config["use_mean_pooling"] = m.Target == "normalised", false
	}
	if m.Kind == checkpoint.Classifier {
		names, numbers := map[string]string{}, map[string]int{}
		for i, name := range classNames(m) {
			names[strconv.Itoa(i)], numbers[name] = name, i
		}
		config["id2label"], config["label2id"] = names, numbers
	}
	return config
}

// square gives one number for a square, else height and width.
func square(h, w int) any {
	if h == w {
		return h
	}
	return []int{h, w}
}

// hubPreprocessor is what preprocessor_config.json says, under the old and the new name of the class.
func hubPreprocessor(m checkpoint.Model) map[string]any {
	return map[string]any{
		"image_processor_type": "VideoMAEImageProcessor", "feature_extractor_type": "VideoMAEFeatureExtractor",
		"do_resize": true, "size": map[string]int{"shortest_edge": min(m.Height, m.Width)}, "resample": 2,
		"do_center_crop": true, "crop_size": map[string]int{"height": m.Height, "width": m.Width},
		"do_rescale": true, "rescale_factor": 1.0 / 255, "do_normalize": true, "image_mean": m.Mean, "image_std": m.Std,
	}
}

// modelCard is the README, whose head states the licence where that is known.
func (j *job) modelCard() []byte {
	head := ""
	if j.origin.Stated {
		head = fmt.Sprintf("---\nlicense: %s\nlibrary_name: transformers\n---\n\n", j.origin.Licence)
	}
	text := fmt.Sprintf("%s# %s\n\nVideoMAE, %s.\n\n- weights of: %s (sha256 %s)\n- licence: %s\n", head, j.origin.Source, j.model, j.origin.Source, j.origin.SHA256, j.origin.Licence)
	if j.origin.Changed != "" {
		text += "- changed: " + j.origin.Changed + "\n"
	}
	return []byte(text)
}

func dtypeName(s weights.Source) string {
	names := map[weights.DType]string{weights.F16: "float16", weights.BF16: "bfloat16", weights.F64: "float64"}
	for _, spec := range weights.Specs(s) {
		if name, ok := names[spec.DType]; ok {
			return name
		}
	}
	return "float32"
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeSynced(path, append(text, '\n'))
}
