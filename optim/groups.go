package optim

import "strings"

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
