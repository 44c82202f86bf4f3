package weights

import (
	"bufio"
	"fmt"
	"io"
	"slices"
)

// Stream makes a safetensors file whose last tensor's values come one after another, for values that need not be in memory at once. fill
// writes the values of all tensors, in the order of specs, whose element types must not grow wider from one to the next. Otherwise it is
// Write.
func Stream(path string, metadata map[string]string, specs []Spec, fill func(w io.Writer) error) error {
	order := make([]int, len(specs))
	for i := range order {
		order[i] = i
	}
	if !slices.IsSortedFunc(specs, func(a, b Spec) int { return b.DType.Size() - a.DType.Size() }) {
		return fmt.Errorf("weights: %s: tensors of wider elements must come first", path)
	}
	header, total, err := buildHeader(metadata, specs, order)
	if err != nil {
		return fmt.Errorf("weights: %s: %w", path, err)
	}
	err = replaceFile(path, func(w *bufio.Writer) error {
		counted := &counter{w: w}
		if _, err := counted.Write(header); err != nil {
			return err
		}
		if err := fill(counted); err != nil {
			return err
		}
		if counted.n != total {
			return fmt.Errorf("%d bytes were written, not the %d of the tensors' shapes", counted.n, total)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("weights: cannot write %s (%d bytes): %w", path, total, err)
	}
	return nil
}

// counter counts what passes through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
