// Reading recipes.

package recipe

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxFile is the largest recipe file, in bytes; the ones built in have 2,500. The time that the YAML library takes for deep nesting grows
// with its square.
const maxFile = 16 << 10

// Load reads a recipe for pre-training: a file when the argument ends in .yaml or .yml or contains a path separator, else one that is built
// in. Errors name line and column. Keys that are not in the file keep the value of Default.
func Load(fileOrName string) (Pretrain, error) { return load[Pretrain](fileOrName) }

// LoadFinetune reads a recipe for fine-tuning as Load reads one for pre-training. The file must say "kind: finetune".
func LoadFinetune(fileOrName string) (Finetune, error) { return load[Finetune](fileOrName) }

// KindsOf tells the kinds of a recipe: that of a file, or those that have a built-in one of the name.
func KindsOf(fileOrName string) ([]Kind, error) {
	if !isFile(fileOrName) {
		named := slices.DeleteFunc(slices.Clone(Kinds), func(k Kind) bool { return !slices.Contains(Names(k), fileOrName) })
		if len(named) == 0 {
			return nil, unknownName(KindPretrain, fileOrName)
		}
		return named, nil
	}
	text, err := readFile(fileOrName)
	if err != nil {
		return nil, err
	}
	root, err := document(fileOrName, text)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	kind, _, err := statedKind(fileOrName, root)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	return []Kind{kind}, nil
}

func isFile(fileOrName string) bool {
	ext := filepath.Ext(fileOrName)
	return ext == ".yaml" || ext == ".yml" || strings.ContainsRune(fileOrName, filepath.Separator)
}

func load[R Recipe](fileOrName string) (r R, err error) {
	var text []byte
	if isFile(fileOrName) {
		if text, err = readFile(fileOrName); err != nil {
			return r, err
		}
	} else if text, err = builtInText(kindOf[R](), fileOrName); err != nil {
		return r, unknownName(kindOf[R](), fileOrName)
	}
	return parse[R](fileOrName, text)
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	return text, nil
}

// kindOf is the kind of a type of recipe.
func kindOf[R Recipe]() Kind {
	var r R
	if _, is := any(r).(Finetune); is {
		return KindFinetune
	}
	return KindPretrain
}

// defaults are the settings that hold where a file states none.
func defaults[R Recipe]() (r R) {
	switch r := any(&r).(type) {
	case *Pretrain:
		*r = Default()
	case *Finetune:
		*r = DefaultFinetune()
	}
	return r
}

// parse reads the text of a recipe; source is its name for errors.
func parse[R Recipe](source string, text []byte) (R, error) {
	var none R
	root, err := document(source, text)
	if err != nil {
		return none, fmt.Errorf("recipe: %w", err)
	}
	kind, where, err := statedKind(source, root)
	if wanted := kindOf[R](); err == nil && kind != wanted {
		err = at(source, where, fmt.Errorf("this recipe is for %v, and one for %v is wanted, which says \"kind: %s\"", kind, wanted, string(wanted)))
	}
	if err != nil {
		return none, fmt.Errorf("recipe: %w", err)
	}
	r := defaults[R]()
	if err := settingsOf(&r).read(source, "", root); err != nil {
		return none, fmt.Errorf("recipe: %w", err)
	}
	return r, nil
}

// document returns the one document of a YAML text. It uses the YAML library for the syntax alone: its decoder takes 16.5 for a whole number
// and null for anything.
func document(source string, text []byte) (ast.Node, error) {
	if len(text) > maxFile || !utf8.Valid(text) {
		return nil, fmt.Errorf("%s is not a recipe: it must be UTF-8 text of at most %d bytes", source, maxFile)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			err = at(source, syntax.GetToken(), errors.New(syntax.GetMessage()))
		}
		return nil, err
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, fmt.Errorf("%s must hold exactly one YAML document", source)
	}
	return file.Docs[0].Body, nil
}

// kindKey is the key under which a file states its kind; it is no setting.
const kindKey = "kind"

// statedKind returns the kind that a file states, and where; one that states none, nowhere, is for pre-training.
func statedKind(source string, root ast.Node) (Kind, *token.Token, error) {
	entries, err := mapping(source, root)
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if e.Key.GetToken().Value != kindKey {
			continue
		}
		where := e.Value.GetToken()
		text, err := scalar(e.Value)
		if err == nil && !slices.Contains(Kinds, Kind(text)) {
			err = fmt.Errorf("%q is neither %s nor %s", text, string(KindPretrain), string(KindFinetune))
		}
		if err != nil {
			return "", nil, at(source, where, fmt.Errorf("%s: %w", kindKey, err))
		}
		return Kind(text), where, nil
	}
	return KindPretrain, nil, nil
}

// mapping returns the entries of a mapping.
func mapping(source string, node ast.Node) ([]*ast.MappingValueNode, error) {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}, nil
	}
	return nil, at(source, node.GetToken(), errors.New("keys with values are wanted here, as in \"lr: 1e-3\""))
}

// read assigns the entries of a mapping to the settings whose keys start with prefix ("" or "optim.").
func (s settings) read(source, prefix string, node ast.Node) error {
	entries, err := mapping(source, node)
	if err != nil {
		return err
	}
	for _, e := range entries {
		where := e.Key.GetToken()
		key := prefix + where.Value
		switch {
		case key == kindKey: // read by statedKind
			continue
		case prefix == "" && s.isSection(key):
			if err := s.read(source, key+".", e.Value); err != nil {
				return err
			}
			continue
		}
		f, err := s.find(key)
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
