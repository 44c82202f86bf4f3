package optim

import (
	"math"
	"strconv"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"videomae/vit"
)

// Rule says how one weight tensor is updated.
type Rule struct {
	Decay  bool    // weight decay applies
	Scale  float64 // the tensor's learning rate as a share of the step's
	Frozen bool    // the tensor stays as it is
}

// rate is the tensor's own learning rate.
func (r Rule) rate(rate *Node) *Node {
	if r.Scale == 1 {
		return rate
	}
	return MulScalar(rate, r.Scale)
}

// Rules is a rule for each tensor: all are trained at the step's rate.
func Rules(specs []vit.Spec) []Rule {
	var rules []Rule
	for _, s := range specs {
		rules = append(rules, Rule{Decay: Decays(s.Name, s.Shape), Scale: 1})
	}
	return rules
}

// LayerRules is a rule for each tensor of a classifier of this depth, by the layer that it belongs to (Layer). Rates fall towards the
// input: a tensor's share is decay^(depth+1-layer), 1 for all if decay is 1. The first frozen layers stay as they are: with 1 the cube
// embedding, with k+1 also the first k blocks, with depth+1 all of the encoder, its final norm included. Source: spec 6.1.
func LayerRules(specs []vit.Spec, depth int, decay float64, frozen int) []Rule {
	rules := Rules(specs)
	for i, s := range specs {
		layer := Layer(s.Name, depth)
		rules[i].Scale = math.Pow(decay, float64(depth+1-layer))
		rules[i].Frozen = layer < frozen || frozen > depth && strings.HasPrefix(s.Name, "norm.")
	}
	return rules
}

// Layer numbers the layer that a classifier's tensor belongs to by its official name: 0 is the cube embedding, i+1 block i, and depth+1
// all that follows the blocks. Source: spec 6.1.
func Layer(name string, depth int) int {
	part, rest, _ := strings.Cut(name, ".")
	switch part {
	case "patch_embed", "pos_embed", "cls_token", "mask_token":
		return 0
	case "blocks":
		number, _, _ := strings.Cut(rest, ".")
		if block, err := strconv.Atoi(number); err == nil {
			return block + 1
		}
	}
	return depth + 1
}

// Decays tells whether weight decay applies to a tensor: not to one-dimensional ones, biases, the mask token and
// learned position tables. Source: spec 6.1.
func Decays(name string, shape []int) bool {
	if len(shape) <= 1 || strings.HasSuffix(name, ".bias") {
		return false
	}
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "mask_token", "pos_embed", "cls_token":
		return false
	}
	return true
}
