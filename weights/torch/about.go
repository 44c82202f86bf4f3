// What a file tells besides its tensors, in words and plain values.

package torch

import (
	"fmt"
	"math/big"

	"videomae/weights/pickle"
)

// maxDepth is how deep values are looked into. A pickle can hold a list that holds itself.
const maxDepth = 4

// settings gives the plain values of a namespace or dictionary.
func settings(v any) map[string]any {
	if o, ok := v.(*pickle.Object); ok {
		v = o.State
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil
	}
	out := map[string]any{}
	for i, k := range d.Keys {
		name, ok := k.(string)
		if value := plain(d.Values[i], maxDepth); ok && value != nil {
			out[name] = value
		}
	}
	return out
}

// plain is a number, text, truth value, or a slice of such, and nil for everything else.
func plain(v any, depth int) any {
	switch x := v.(type) {
	case bool, int64, float64, string:
		return x
	case *pickle.List:
		return plain(pickle.Tuple(x.Items), depth)
	case pickle.Tuple:
		if depth == 0 {
			return nil
		}
		var out []any
		for _, item := range x {
			if item = plain(item, depth-1); item == nil {
				return nil
			}
			out = append(out, item)
		}
		return out
	}
	return nil
}

// describe says in a few words what a value is.
func describe(v any) string {
	switch x := v.(type) {
	case nil:
		return "none"
	case *tensor:
		return fmt.Sprintf("%s tensor of shape %v", x.storage.dtype, x.shape)
	case *storage:
		return fmt.Sprintf("storage of %d values", x.n)
	case *pickle.Dict:
		return fmt.Sprintf("dictionary of %d", len(x.Keys))
	case *pickle.List:
		return fmt.Sprintf("list of %d", len(x.Items))
	case pickle.Set:
		return fmt.Sprintf("set of %d", len(x.Items))
	case pickle.Tuple:
		return fmt.Sprintf("tuple of %d", len(x))
	case *pickle.Object:
		return x.Class.String()
	case pickle.Global:
		return "class " + x.String()
	case []byte:
		return fmt.Sprintf("%d bytes", len(x))
	case *big.Int:
		return "large integer"
	}
	return text(v)
}

// text shows a plain value, shortened.
func text(v any) string {
	switch x := v.(type) {
	case string:
		return fmt.Sprintf("%.60s", x)
	case bool, int64, float64:
		return fmt.Sprint(x)
	}
	return fmt.Sprintf("%T", v)
}

func texts(values []any) []string {
	var out []string
	for _, v := range values[:min(len(values), 12)] {
		out = append(out, text(v))
	}
	if len(values) > len(out) {
		out = append(out, "...")
	}
	return out
}
