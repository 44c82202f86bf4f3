package cli

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/recipe"
	"videomae/weights"
)

func TestListOfRecipesHasBothKinds(t *testing.T) {
	var text, asJSON bytes.Buffer
	if err := listRecipes(Streams{Out: &text}, false); err != nil {
		t.Fatal(err)
	}
	if err := listRecipes(Streams{Out: &asJSON}, true); err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Title string
		Kind        recipe.Kind
		Parameters  int64
		GMAC        float64 `json:"forward_gmac"`
	}
	if err := json.Unmarshal(asJSON.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if want := len(recipe.Names(recipe.KindPretrain)) + len(recipe.Names(recipe.KindFinetune)); len(list) != want {
		t.Errorf("%d recipes, want %d", len(list), want)
	}
	for _, r := range list {
		if r.Title == "" || r.Parameters == 0 || !strings.Contains(text.String(), r.Title) {
			t.Errorf("%+v is incomplete, or missing in the text", r)
		}
		// The paper's multiply-accumulates and the parameters without a head: spec 1.1.
		if r.Name == "k400-vit-b-1600" && r.Kind == recipe.KindFinetune && (math.Abs(r.GMAC-180.3) > .1 || r.Parameters != 86_534_800-400*769) {
			t.Errorf("%s: %d parameters and %.1f GMAC", r.Name, r.Parameters, r.GMAC)
		}
		if r.Name == "k400-vit-h-1600-32x320" && math.Abs(r.GMAC-7394.6) > .1 {
			t.Errorf("%s: %.1f GMAC", r.Name, r.GMAC)
		}
	}
}

func TestInspectShowsBothKindsOfRecipe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "my.yaml")
	if err := os.WriteFile(file, recipe.DefaultFinetune().YAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]string{
		"demo":                      {weights.PretrainFamily, weights.FinetuneFamily},
		"k400-to-ucf101-vit-b-1600": {weights.FinetuneFamily, ""},
		file:                        {weights.FinetuneFamily, ""},
	} {
		i, err := look(path)
		if err != nil {
			t.Fatal(err)
		}
		second := ""
		if i.Finetune != nil {
			second = i.Finetune.Family
		}
		if got := [2]string{i.Family, second}; got != want {
			t.Errorf("%s: families %q, want %q", path, got, want)
		}
		var out bytes.Buffer
		if err := inspect(Streams{Out: &out}, path, false, false); err != nil || !strings.Contains(out.String(), "layer_decay") {
			t.Errorf("%s: error %v, text without the settings of fine-tuning:\n%s", path, err, &out)
		}
	}
}
