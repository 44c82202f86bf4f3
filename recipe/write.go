// Writing recipes: a file that Load reads back to the same settings.

package recipe

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// YAML writes every setting in the order of the documentation; of two alternatives, the one that is set. Equal recipes give equal bytes.
func (p Pretrain) YAML() []byte { return settingsOf(&p).yaml(nil) }

// YAML writes the kind and every setting as Pretrain's does.
func (f Finetune) YAML() []byte { return settingsOf(&f).yaml([]byte("kind: finetune\n")) }

func (s settings) yaml(head []byte) []byte {
	b := bytes.NewBuffer(head)
	section := ""
	for _, f := range s {
		v := f.value
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				continue
			}
			v = v.Elem()
		}
		indent := ""
		name, key, nested := strings.Cut(f.key, ".")
		if nested {
			if indent = "  "; name != section {
				fmt.Fprintf(b, "%s:\n", name)
			}
			section = name
		} else {
			key = name
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, key, text(v, indent))
	}
	return b.Bytes()
}

// text is the YAML form of the value of a key that is indented by indent; a number's is the shortest that reads back as the same.
func text(v reflect.Value, indent string) string {
	switch v.Kind() {
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.String:
		return quote(v.String(), indent)
	}
	return fmt.Sprint(v.Interface())
}

// plain text needs no quotes; block text can be written line by line as it is.
var (
	plain = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	block = regexp.MustCompile(`^([!-~]([ -~]*[!-~])?\n)+$`)
)

// quote writes a string plainly where that is safe, several lines as a block, and anything else in double quotes, whose escapes are Go's.
func quote(s, indent string) string {
	switch {
	case plain.MatchString(s) && !slices.Contains([]string{"true", "false", "null"}, s):
		return s
	case block.MatchString(s):
		newline := "\n  " + indent
		return "|" + newline + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", newline)
	}
	return strconv.Quote(s)
}
