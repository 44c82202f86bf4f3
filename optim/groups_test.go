package optim

import (
	"slices"
	"strings"
	"testing"

	"videomae/golden"
)

// shapeOf gives a shape of the right rank by an official name (spec 2.1 and 2.2), for files that list names alone.
func shapeOf(name string) []int {
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case last == "mask_token", last == "pos_embed", last == "cls_token":
		return []int{1, 1, 4}
	case strings.HasSuffix(name, "patch_embed.proj.weight"):
		return []int{4, 3, 2, 16, 16}
	case last != "weight", strings.Contains(name, "norm"):
		return []int{4} // biases, scales of norms, layer scales
	}
	return []int{4, 4}
}

func TestDecayGroupsAreTheOfficialOnes(t *testing.T) {
	reference, _ := reference(t)
	for model, groups := range reference.ParamGroups {
		for _, group := range groups.Groups {
			for _, name := range group.Params {
				if got, want := Decays(name, shapeOf(name)), group.WeightDecay > 0; got != want {
					t.Errorf("%s: %s decays: %v, want %v", model, name, got, want)
				}
			}
		}
	}
}

func TestTensorsWithoutDecayAreTheOfficialOnes(t *testing.T) {
	_, folder := reference(t)
	cases, err := golden.PretrainCases(folder)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range cases {
		for _, array := range c.Arrays.Names() {
			name, isGradient := strings.CutPrefix(array, "grad.")
			if !isGradient || c.NoDecay == nil {
				continue // the case has no training run, or stores no whole tensors
			}
			checked++
			if got, want := Decays(name, shapeOf(name)), !slices.Contains(c.NoDecay, name); got != want {
				t.Errorf("%s: %s decays: %v, want %v", c.Name, name, got, want)
			}
		}
		if err := c.Arrays.Close(); err != nil {
			t.Error(err)
		}
	}
	if checked == 0 {
		t.Error("no case lists the tensors without decay")
	}
}

func TestDecays(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape []int
		want  bool
	}{
		{"encoder.blocks.0.attn.qkv.weight", []int{72, 24}, true},
		{"encoder_to_decoder.weight", []int{12, 24}, true},
		{"encoder.norm.weight", []int{24}, false},
		{"decoder.head.bias", []int{1536}, false},
		{"encoder.blocks.0.attn.q_bias", []int{24}, false},
		{"mask_token", []int{1, 1, 12}, false},
		{"encoder.pos_embed", []int{1, 8, 24}, false},
		{"cls_token", []int{1, 1, 24}, false},
		{"not_a_mask_token", []int{2, 2}, true},
		{"scalar", nil, false},
	} {
		if got := Decays(c.name, c.shape); got != c.want {
			t.Errorf("%s %v: %v, want %v", c.name, c.shape, got, c.want)
		}
	}
}
