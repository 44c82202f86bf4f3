// Reading recipes, and the ones built in.

package recipe

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile is the largest recipe file, in bytes; the ones built in have 1,500. The time that the YAML library takes for deep nesting grows
// with its square.
const maxFile = 16 << 10

//go:embed recipes/*.yaml
var builtIn embed.FS

// Names lists the recipes that are built in, in alphabetical order.
func Names() []string {
	entries, _ := builtIn.ReadDir("recipes") // it was embedded, so it is there
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Load reads a recipe: a file when the argument ends in .yaml or .yml or contains a path separator, else one that is built in. Errors name
// line and column. Keys that are not in the file keep the value of Default.
func Load(fileOrName string) (Pretrain, error) {
	ext := filepath.Ext(fileOrName)
	if ext == ".yaml" || ext == ".yml" || strings.ContainsRune(fileOrName, filepath.Separator) {
		return loadFile(fileOrName)
	}
	text, err := builtIn.ReadFile("recipes/" + fileOrName + ".yaml")
	if err != nil {
		return Pretrain{}, fmt.Errorf("recipe: no recipe is called %q (a file's name must end in .yaml); built in: %s", fileOrName, strings.Join(Names(), ", "))
	}
	return parse(fileOrName, text)
}

func loadFile(path string) (Pretrain, error) {
	file, err := os.Open(path)
	if err != nil {
		return Pretrain{}, fmt.Errorf("recipe: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return Pretrain{}, fmt.Errorf("recipe: %w", err)
	}
	return parse(path, text)
}

// parse reads the text of a recipe; source is its name for errors. It uses the YAML library for the syntax alone: its
// decoder takes 16.5 for a whole number and null for anything.
func parse(source string, text []byte) (Pretrain, error) {
	if len(text) > maxFile || !utf8.Valid(text) {
		return Pretrain{}, fmt.Errorf("recipe: %s is not a recipe: it must be UTF-8 text of at most %d bytes", source, maxFile)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			err = at(source, syntax.GetToken(), errors.New(syntax.GetMessage()))
		}
		return Pretrain{}, fmt.Errorf("recipe: %w", err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return Pretrain{}, fmt.Errorf("recipe: %s must hold exactly one YAML document", source)
	}
	p := Default()
	if err := readSection(&p, source, "", file.Docs[0].Body); err != nil {
		return Pretrain{}, fmt.Errorf("recipe: %w", err)
	}
	return p, nil
}

// readSection assigns the entries of a mapping to the settings whose keys start with prefix ("" or "optim.").
func readSection(p *Pretrain, source, prefix string, node ast.Node) error {
	var entries []*ast.MappingValueNode
	switch node := node.(type) {
	case *ast.MappingNode:
		entries = node.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{node}
	default:
		return at(source, node.GetToken(), errors.New("keys with values are wanted here, as in \"lr: 1e-3\""))
	}
	for _, e := range entries {
		where := e.Key.GetToken()
		key := prefix + where.Value
		if prefix == "" && isSection(key) {
			if err := readSection(p, source, key+".", e.Value); err != nil {
				return err
			}
			continue
		}
		f, err := find(p, key)
		if err != nil {
			return at(source, where, err)
		}
		text, err := scalar(e.Value)
		if err == nil && isQuoted(e.Value) && !f.isText() {
			err = errors.New("is quoted, so it is text and not a value")
		}
		if err == nil {
			err = assign(f.value, text)
		}
		if err != nil {
			return at(source, e.Value.GetToken(), fmt.Errorf("%s: %w", key, err))
		}
	}
	return nil
}

// scalar returns the text of a single value.
func scalar(node ast.Node) (string, error) {
	switch node := node.(type) {
	case *ast.LiteralNode:
		return node.Value.Value, nil
	case *ast.StringNode:
		return node.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, nil
	}
	return "", fmt.Errorf("one value is wanted here, not %s", strings.ToLower(node.Type().YAMLName()))
}

func isQuoted(node ast.Node) bool {
	t := node.GetToken().Type
	return t == token.SingleQuoteType || t == token.DoubleQuoteType
}

// at puts the place in the recipe before an error.
func at(source string, where *token.Token, err error) error {
	if where == nil || where.Position == nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return fmt.Errorf("%s:%d:%d: %w", source, where.Position.Line, where.Position.Column, err)
}
