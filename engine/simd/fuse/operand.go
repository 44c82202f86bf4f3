// Operands of the loops that are written.

package fuse

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/loop"
)

// load reads a value from memory, or writes a constant into the program.
func (w *writer) load(n *ir.Node, l Linear) (loop.Value, error) {
	key := linearKey(n, l)
	if v, known := w.values[key]; known {
		return v, nil
	}
	if c, ok := n.Attr.(ir.Constant); ok && n.Op == compute.OpTypeConstant && n.Shape.Size() == 1 {
		if number, ok := scalar(n.Shape.DType, c.Data); ok {
			v := w.emit(loop.Node{Op: loop.Const, Const: number})
			w.values[key] = v
			return v, nil
		}
	}
	operand, err := w.operand(n, l, false)
	if err != nil {
		return 0, err
	}
	v := w.emit(loop.Node{Op: loop.Load, Operand: operand})
	w.values[key] = v
	return v, nil
}

// scalar reads a constant number.
func scalar(d dtypes.DType, data []byte) (float32, bool) {
	switch d {
	case dtypes.Float32:
		return math.Float32frombits(binary.LittleEndian.Uint32(data)), true
	case dtypes.BFloat16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(data)) << 16), true
	case dtypes.Bool, dtypes.Uint8:
		return float32(data[0]), true
	case dtypes.Int32:
		return float32(int32(binary.LittleEndian.Uint32(data))), true
	}
	return 0, false
}

// operand describes a place in memory to the loop.
func (w *writer) operand(n *ir.Node, l Linear, write bool) (int, error) {
	key := linearKey(n, l)
	if write {
		key = "store " + key
	}
	if i, known := w.bound[key]; known {
		return i, nil
	}
	o := loop.Operand{Type: n.Shape.DType, Strides: make([]int, len(w.loop.Spec.Rows)), Block: n == w.block && !write}
	if o.Block {
		o.Type = dtypes.Float32 // sums as they are, not yet rounded to the product's type
	}
	var within, lead uint64
	for _, p := range l.Parts {
		if p.Atom < w.frame.lead {
			o.Strides[p.Atom] += p.Stride
			lead |= 1 << p.Atom
		} else {
			within |= 1 << p.Atom
		}
	}
	if w.frame.lead == 0 && (write || within != 0) {
		lead = 1 // a space of one row: its values are those of the row
	}
	switch {
	case within == 0 && lead == 0:
		o.Class = loop.Scalar
	case within == 0:
		o.Class = loop.Row
	case within == w.along() && lead == 0:
		o.Class = loop.Col
	case within == w.along():
		o.Class = loop.Full
	case lead == 0:
		o.Class = loop.ColTile
	default:
		o.Class = loop.Tile
	}
	if !w.group.contiguous(l, w.along()) {
		return 0, fmt.Errorf("fusing: %v is scattered along the rows", n)
	}
	if lead == 0 {
		o.Strides = nil
	}
	w.loop.Spec.Operands = append(w.loop.Spec.Operands, o)
	w.loop.Bind = append(w.loop.Bind, Binding{Node: n, Offset: l.Offset, Write: write})
	w.bound[key] = len(w.loop.Bind) - 1
	return w.bound[key], nil
}

// mergeRows joins neighbouring leading dimensions that all operands step through alike.
func (w *writer) mergeRows() {
	s := &w.loop.Spec
	for i := len(s.Rows) - 2; i >= 0; i-- {
		alike := true
		for _, o := range s.Operands {
			alike = alike && (o.Strides == nil || o.Strides[i] == o.Strides[i+1]*s.Rows[i+1])
		}
		if !alike {
			continue
		}
		s.Rows[i] *= s.Rows[i+1]
		s.Rows = slices.Delete(s.Rows, i+1, i+2)
		for j := range s.Operands {
			o := &s.Operands[j]
			if o.Strides == nil {
				continue
			}
			o.Strides[i] = o.Strides[i+1]
			o.Strides = slices.Delete(o.Strides, i+1, i+2)
		}
	}
}

func indexKey(n *ir.Node, x Index) string {
	key := append(strconv.AppendInt(nil, int64(n.ID), 10), 'x')
	for _, axis := range x {
		key = append(appendLinear(key, axis), '|')
	}
	return string(key)
}

func linearKey(n *ir.Node, l Linear) string {
	return string(appendLinear(append(strconv.AppendInt(nil, int64(n.ID), 10), 'l'), l))
}

func appendLinear(key []byte, l Linear) []byte {
	key = strconv.AppendInt(key, int64(l.Offset), 10)
	parts := slices.Clone(l.Parts)
	slices.SortFunc(parts, func(a, b Part) int { return a.Atom - b.Atom })
	for _, p := range parts {
		key = strconv.AppendInt(append(key, ' '), int64(p.Atom), 10)
		key = strconv.AppendInt(append(key, '*'), int64(p.Stride), 10)
	}
	return key
}
