package cli

import (
	"fmt"
	"io"
	"regexp"
	"text/tabwriter"

	"videomae/weights"
)

// tensorInfo describes one tensor.
type tensorInfo struct {
	Name  string        `json:"name"`
	DType weights.DType `json:"dtype"`
	Shape []int         `json:"shape"`

	values int64
}

func newTensorInfo(name string, dtype weights.DType, shape []int) tensorInfo {
	t := tensorInfo{Name: name, DType: dtype, Shape: append([]int{}, shape...), values: 1}
	for _, n := range shape {
		t.values *= int64(n)
	}
	return t
}

// blockNumber is the number of a block in a tensor's name.
var blockNumber = regexp.MustCompile(`\.\d+\.`)

// printTensors lists tensors with their shapes: all, or one line for those of all blocks that differ in nothing else.
func printTensors(out io.Writer, tensors []tensorInfo, all bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "tensor\ttype\tshape\tcount\tvalues")
	type group struct {
		line  string
		count int
		each  int64
	}
	var groups []group
	at := map[string]int{}
	for _, t := range tensors {
		name := t.Name
		if !all {
			name = blockNumber.ReplaceAllString(name, ".*.")
		}
		line := fmt.Sprintf("%s\t%s\t%v", name, t.DType, t.Shape)
		if _, seen := at[line]; !seen {
			at[line] = len(groups)
			groups = append(groups, group{line: line, each: t.values})
		}
		groups[at[line]].count++
	}
	for _, g := range groups {
		fmt.Fprintf(w, "%s\t%d\t%d\n", g.line, g.count, int64(g.count)*g.each)
	}
	w.Flush()
}
