// Settings by name: "optim.lr" and the like, for recipe files and for overrides on the command line.

package recipe

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// field is one setting: its key and its place in a Pretrain.
type field struct {
	key   string
	value reflect.Value
}

// fields lists the settings of p in the order of their declaration. Keys are the yaml tags, joined by dots.
func fields(p *Pretrain) []field {
	var list []field
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			key := prefix + v.Type().Field(i).Tag.Get("yaml")
			if v.Field(i).Kind() == reflect.Struct {
				walk(key+".", v.Field(i))
				continue
			}
			list = append(list, field{key, v.Field(i)})
		}
	}
	walk("", reflect.ValueOf(p).Elem())
	return list
}

// Keys lists every key that a recipe may set, in the order of the documentation.
func Keys() []string {
	var p Pretrain
	var keys []string
	for _, f := range fields(&p) {
		keys = append(keys, f.key)
	}
	return keys
}

// alternatives names the other way to state the same thing.
var alternatives = map[string]string{
	"optim.lr": "optim.base_lr", "optim.base_lr": "optim.lr",
	"optim.min_lr": "optim.base_min_lr", "optim.base_min_lr": "optim.min_lr",
	"optim.warmup_epochs": "optim.warmup_share", "optim.warmup_share": "optim.warmup_epochs",
}

// Set applies one override, "optim.lr=1e-3". Setting one of a pair of alternatives clears the other. The range of the value is
// left to Resolve, because it may depend on other settings.
func Set(p *Pretrain, override string) error {
	key, text, ok := strings.Cut(override, "=")
	if !ok {
		return fmt.Errorf("recipe: %q is not of the form key=value", override)
	}
	f, err := find(p, key)
	if err != nil {
		return fmt.Errorf("recipe: %w", err)
	}
	if err := assign(f.value, text); err != nil {
		return fmt.Errorf("recipe: %s: %w", key, err)
	}
	if other, ok := alternatives[key]; ok {
		f, err := find(p, other)
		if err != nil {
			return err
		}
		f.value.SetZero()
	}
	return nil
}

// find returns the setting of a key; an unknown key is an error with the likeliest and with all possible ones.
func find(p *Pretrain, key string) (field, error) {
	all := fields(p)
	if i := slices.IndexFunc(all, func(f field) bool { return f.key == key }); i >= 0 {
		return all[i], nil
	}
	section, _, _ := strings.Cut(key, ".")
	if isSection(section) {
		children := childrenOf(section)
		if section == key {
			return field{}, fmt.Errorf("%s is a section with the keys %s", key, strings.Join(children, ", "))
		}
		return field{}, fmt.Errorf("unknown key %s%s; keys of %s: %s", key, suggestion(key), section, strings.Join(children, ", "))
	}
	return field{}, fmt.Errorf("unknown key %s%s; keys and sections: %s", key, suggestion(key), strings.Join(childrenOf(""), ", "))
}

// childrenOf lists the keys of a section without its name, or the top-level keys and sections for "". It is nil for what is no section.
func childrenOf(section string) []string {
	var children []string
	for _, key := range Keys() {
		first, rest, nested := strings.Cut(key, ".")
		switch {
		case section == "" && !slices.Contains(children, first):
			children = append(children, first)
		case nested && first == section:
			children = append(children, rest)
		}
	}
	return children
}

// suggestion is "; did you mean KEY?" when some key is near, or has the same last part in another section.
func suggestion(key string) string {
	leaf := func(k string) string { return k[strings.LastIndexByte(k, '.')+1:] }
	best, least := "", len(leaf(key))/3+2 // a suggestion must differ by fewer letters than this
	for _, k := range append(Keys(), childrenOf("")...) {
		d := distance(key, k)
		if leaf(key) == leaf(k) {
			d = min(d, 1)
		}
		if d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance is the least number of letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// assign parses the text as the type of the field.
func assign(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		if err := assign(target.Elem(), text); err != nil {
			return err
		}
		v.Set(target)
	case reflect.String:
		if !utf8.ValidString(text) {
			return fmt.Errorf("%q is not UTF-8 text", text)
		}
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(int64(n))
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number from 0 to 2^64-1", text)
		}
		v.SetUint(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(x)
	default:
		return fmt.Errorf("settings of type %s cannot be written as text", v.Type())
	}
	return nil
}

// isText tells whether the setting is a string, which quotes are allowed for.
func (f field) isText() bool { return f.value.Kind() == reflect.String }

// isSection tells whether a top-level key has keys of its own.
func isSection(key string) bool {
	return slices.ContainsFunc(Keys(), func(k string) bool { return strings.HasPrefix(k, key+".") })
}

// Get gives the value of a setting as text, "unset" for an alternative that is not chosen. The key must be one of Keys.
func Get(p Pretrain, key string) (string, error) {
	f, err := find(&p, key)
	if err != nil {
		return "", err
	}
	return f.shown(), nil
}

// Difference is a setting in which two recipes are not the same, with its values as text.
type Difference struct{ Key, Was, Is string }

// Differences lists the settings in which is differs from was, in the order of the documentation.
func Differences(was, is Pretrain) []Difference {
	var list []Difference
	before, after := fields(&was), fields(&is)
	for i, f := range before {
		if a, b := f.shown(), after[i].shown(); a != b {
			list = append(list, Difference{f.key, a, b})
		}
	}
	return list
}

// shown is the value as text, "unset" where an alternative was chosen.
func (f field) shown() string {
	v := f.value
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "unset"
		}
		v = v.Elem()
	}
	return text(v, "")
}
