package cli

import (
	"slices"
	"testing"

	"videomae/recipe"
)

func TestFlagsAreSettingsOfRecipes(t *testing.T) {
	keys := append(recipe.Keys[recipe.Pretrain](), recipe.Keys[recipe.Finetune]()...)
	for _, s := range settings {
		for _, key := range s.keys {
			if !slices.Contains(keys, key) {
				t.Errorf("--%s sets %s, which no recipe has", s.flag, key)
			}
		}
	}
}
