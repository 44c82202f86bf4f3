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

// field is one setting: its key and its place in a recipe.
type field struct {
	key   string
	value reflect.Value
}

// settings are all settings of one recipe in the order of their declaration.
type settings []field

// settingsOf lists the settings of the recipe that the pointer leads to. Keys are the yaml tags, joined by dots; what an embedded struct
// has counts as the embedding one's.
func settingsOf[R Recipe](r *R) settings {
	var list settings
	var walk func(prefix string, v reflect.Value)
	walk = func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key := prefix + f.Tag.Get("yaml")
			switch {
			case f.Anonymous:
				walk(prefix, v.Field(i))
			case f.Type.Kind() == reflect.Struct:
				walk(key+".", v.Field(i))
			default:
				list = append(list, field{key, v.Field(i)})
			}
		}
	}
	walk("", reflect.ValueOf(r).Elem())
	return list
}

// Keys lists every key that a recipe of the kind may set, in the order of the documentation.
func Keys[R Recipe]() []string {
	var r R
	return settingsOf(&r).keys()
}

func (s settings) keys() []string {
	keys := make([]string, len(s))
	for i, f := range s {
		keys[i] = f.key
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
func Set[R Recipe](r *R, override string) error {
	key, text, ok := strings.Cut(override, "=")
	if !ok {
		return fmt.Errorf("recipe: %q is not of the form key=value", override)
	}
	all := settingsOf(r)
	f, err := all.find(key)
	if err != nil {
		return fmt.Errorf("recipe: %w", err)
	}
	if err := assign(f.value, text); err != nil {
		return fmt.Errorf("recipe: %s: %w", key, err)
	}
	if other, ok := alternatives[key]; ok {
		f, err := all.find(other)
		if err != nil {
			return err
		}
		f.value.SetZero()
	}
	return nil
}

// find returns the setting of a key; an unknown key is an error with the likeliest and with all possible ones.
func (s settings) find(key string) (field, error) {
	if i := slices.IndexFunc(s, func(f field) bool { return f.key == key }); i >= 0 {
		return s[i], nil
	}
	section, _, _ := strings.Cut(key, ".")
	if s.isSection(section) {
		children := s.children(section)
		if section == key {
			return field{}, fmt.Errorf("%s is a section with the keys %s", key, strings.Join(children, ", "))
		}
		return field{}, fmt.Errorf("unknown key %s%s; keys of %s: %s", key, s.suggestion(key), section, strings.Join(children, ", "))
	}
	return field{}, fmt.Errorf("unknown key %s%s; keys and sections: %s", key, s.suggestion(key), strings.Join(s.children(""), ", "))
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

// Get gives the value of a setting as text, "unset" for an alternative that is not chosen. The key must be one of Keys.
func Get[R Recipe](r R, key string) (string, error) {
	f, err := settingsOf(&r).find(key)
	if err != nil {
		return "", err
	}
	return f.shown(), nil
}

// Difference is a setting in which two recipes are not the same, with its values as text.
type Difference struct{ Key, Was, Is string }

// Differences lists the settings in which is differs from was, in the order of the documentation.
func Differences[R Recipe](was, is R) []Difference {
	var list []Difference
	before, after := settingsOf(&was), settingsOf(&is)
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
