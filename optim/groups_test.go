package optim

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"videomae/golden"
	"videomae/vit"
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

// ruleOf is the rule of a tensor of a classifier.
func ruleOf(name string, depth int, decay float64, frozen int) Rule {
	return LayerRules([]vit.Spec{{Name: name, Shape: shapeOf(name)}}, depth, decay, frozen)[0]
}

// Each group has a weight decay and a share of the rate. The layer decay, which the file does not state, is found in the cube embedding's.
func TestGroupsAreTheOfficialOnes(t *testing.T) {
	reference, _ := reference(t)
	for model, groups := range reference.ParamGroups {
		depth, ofEmbedding := 0, 1.0
		for _, group := range groups.Groups {
			for _, name := range group.Params {
				if part := strings.Split(name, "."); part[0] == "blocks" {
					block, err := strconv.Atoi(part[1])
					if err != nil {
						t.Fatal(err)
					}
					depth = max(depth, block+1)
				}
				if name == "patch_embed.proj.weight" {
					ofEmbedding = group.Scale
				}
			}
		}
		decay := math.Pow(ofEmbedding, 1/float64(depth+1))
		for _, group := range groups.Groups {
			for _, name := range group.Params {
				rule := ruleOf(name, depth, decay, 0)
				if rule.Decay != (group.WeightDecay > 0) || math.Abs(rule.Scale-group.Scale) > 1e-12*group.Scale {
					t.Errorf("%s: %s has %+v, want decay %v at %v of the rate", model, name, rule, group.WeightDecay, group.Scale)
				}
			}
		}
	}
}

func TestLayerDecayIsTheOfficialOne(t *testing.T) {
	reference, _ := reference(t)
	for _, c := range reference.LayerDecay {
		for name, want := range c.ByName {
			if got := Layer(name, c.Depth); got != int(want[0]) {
				t.Errorf("%s, depth %d: %s is of layer %d, want %v", c.Model, c.Depth, name, got, want[0])
			}
			if got := ruleOf(name, c.Depth, c.Decay, 0).Scale; math.Abs(got-want[1]) > 1e-12*want[1] {
				t.Errorf("%s, depth %d, decay %v: %s has %.17g of the rate, want %.17g", c.Model, c.Depth, c.Decay, name, got, want[1])
			}
		}
		for layer, want := range c.Values {
			name := "head.weight"
			if layer == 0 {
				name = "patch_embed.proj.bias"
			} else if layer <= c.Depth {
				name = "blocks." + strconv.Itoa(layer-1) + ".mlp.fc1.weight"
			}
			if got := ruleOf(name, c.Depth, c.Decay, 0).Scale; math.Abs(got-want) > 1e-12*want {
				t.Errorf("%s, decay %v: layer %d has %.17g of the rate, want %.17g", c.Model, c.Decay, layer, got, want)
			}
		}
	}
}

func TestLayersFreezeFromTheInput(t *testing.T) {
	const depth = 3
	names := []string{"patch_embed.proj.weight", "blocks.0.norm1.bias", "blocks.1.attn.q_bias", "blocks.2.mlp.fc2.weight", "norm.weight", "fc_norm.weight",
		"pool.query", "head.weight"}
	for frozen, want := range []int{0, 1, 2, 3, 5} { // the encoder's final norm goes with its last block
		for i, name := range names {
			if got := ruleOf(name, depth, 1, frozen).Frozen; got != (i < want) {
				t.Errorf("%d layers frozen: %s is frozen: %v", frozen, name, got)
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
