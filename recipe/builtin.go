// The recipes that are built in.

package recipe

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed recipes
var builtIn embed.FS

// Names lists the built-in recipes of a kind in alphabetical order. Both kinds may have one of the same name: the two stages of one run of
// the paper.
func Names(kind Kind) []string {
	entries, _ := builtIn.ReadDir("recipes/" + string(kind)) // empty for what is no kind
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Title is the first line of a built-in recipe, which says what it trains on what.
func Title(kind Kind, name string) string {
	text, _ := builtInText(kind, name)
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "#"))
}

func builtInText(kind Kind, name string) ([]byte, error) {
	return builtIn.ReadFile("recipes/" + string(kind) + "/" + name + ".yaml")
}

// unknownName is the error for a name that no recipe of the kind has; it tells when another kind has it.
func unknownName(wanted Kind, name string) error {
	for _, other := range Kinds {
		if other != wanted && slices.Contains(Names(other), name) {
			return fmt.Errorf("recipe: %q is a recipe for %v, not for %v; built in for %v: %s", name, other, wanted, wanted, strings.Join(Names(wanted), ", "))
		}
	}
	return fmt.Errorf("recipe: no recipe for %v is called %q (a file's name must end in .yaml); built in: %s", wanted, name, strings.Join(Names(wanted), ", "))
}
