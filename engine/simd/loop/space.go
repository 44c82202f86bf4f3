// The space that a program really runs over: the Spec's, with dimensions merged where nothing tells them apart.

package loop

import "slices"

// separable reports whether each column of the space can be computed apart from the others, so that rows may be cut.
func separable(s *Spec, classes []Class) bool {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		switch n.Op {
		case ReduceRow, ReduceTile:
			return false
		case Store: // what is not one number for each position would be written by several columns
			if s.Operands[n.Operand].Class != Full && s.Operands[n.Operand].Class != Scalar {
				return false
			}
		case ReduceCol: // a number a row would be counted for each column
			if classes[n.In[0]].inner() != inner {
				return false
			}
		}
		if classes[i].inner() == onceAPeriod {
			return false
		}
	}
	return true
}

// normal gives the Spec an equal one with explicit strides, no dimension of 1, and the fewest dimensions.
func normal(s Spec, separable bool) Spec {
	s.Operands = slices.Clone(s.Operands)
	for i := range s.Operands {
		o := &s.Operands[i]
		if o.Class.hasRows() && o.Strides == nil {
			o.Strides = dense(s.Rows, s.width(o.Class))
		}
	}
	s = dropOnes(s)
	if separable && len(s.Rows) == 0 {
		spread(&s)
	}
	s = mergeRows(s)
	for separable && flat(&s) {
		last := len(s.Rows) - 1
		s.Inner *= s.Rows[last]
		s.Rows = s.Rows[:last]
		for i, o := range s.Operands {
			if o.Class == Full {
				s.Operands[i].Strides = o.Strides[:last]
			}
		}
	}
	return s
}

// width is how many numbers a value has in each row.
func (s *Spec) width(c Class) int {
	switch c.inner() {
	case inner:
		return s.Inner
	case onceAPeriod:
		return s.Period
	}
	return 1
}

func dense(dims []int, width int) []int {
	strides := make([]int, len(dims))
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = width
		width *= dims[i]
	}
	return strides
}

func dropOnes(s Spec) Spec {
	var kept []int
	for i, d := range s.Rows {
		if d != 1 {
			kept = append(kept, i)
		}
	}
	for i, o := range s.Operands {
		if o.Class.hasRows() {
			s.Operands[i].Strides = pick(o.Strides, kept)
		}
	}
	s.Rows = pick(s.Rows, kept)
	return s
}

func pick(list, indices []int) []int {
	picked := make([]int, len(indices))
	for i, index := range indices {
		picked[i] = list[index]
	}
	return picked
}

// mergeRows makes one dimension of two where every operand runs through both in even steps.
func mergeRows(s Spec) Spec {
	for d := len(s.Rows) - 2; d >= 0; d-- {
		even := true
		for _, o := range s.Operands {
			even = even && (!o.Class.hasRows() || o.Strides[d] == o.Strides[d+1]*s.Rows[d+1])
		}
		if !even {
			continue
		}
		for i, o := range s.Operands {
			if o.Class.hasRows() {
				s.Operands[i].Strides = slices.Delete(o.Strides, d, d+1)
			}
		}
		s.Rows[d+1] *= s.Rows[d]
		s.Rows = slices.Delete(s.Rows, d, d+1)
	}
	return s
}

// spread turns the classes of a single row into those that let it be cut anywhere.
func spread(s *Spec) {
	reduced := make([]bool, len(s.Operands))
	for _, n := range s.Nodes {
		if n.Op == ReduceCol {
			reduced[n.Operand] = true
		}
	}
	for i := range s.Operands {
		o := &s.Operands[i]
		switch {
		case reduced[i] || o.Block:
		case o.Class == Col:
			o.Class, o.Strides = Full, []int{}
		case o.Class == Row:
			o.Class, o.Strides = Scalar, nil
		}
	}
}

// flat reports whether rows of the last dimension follow one another in all operands, so that they can be one.
func flat(s *Spec) bool {
	last := len(s.Rows) - 1
	if last < 0 {
		return false
	}
	for _, o := range s.Operands {
		if o.Block || o.Class != Scalar && (o.Class != Full || o.Strides[last] != s.Inner) {
			return false
		}
	}
	return true
}
