package ir

import (
	"encoding/binary"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// Ops of our own that stand for what graphs spell out in many. OpGELU is x·(1+erf(x/√2))/2 of its input, OpGELUGrad the derivative of that.
const (
	OpGELU     = OpResult + 1
	OpGELUGrad = OpResult + 2
)

// gelu finds GELU spelt out as (x·0.5)·(erf(x·√½)+1), and gives x, or nil.
func gelu(left, right *Node) *Node {
	for _, pair := range [][2]*Node{{left, right}, {right, left}} {
		x := timesConstant(pair[0], 0.5)
		if x != nil && x.Shape.DType == dtypes.Float32 && x == onePlusErf(pair[1]) {
			return x
		}
	}
	return nil
}

// onePlusErf gives x of erf(x·√½)+1, or nil.
func onePlusErf(n *Node) *Node {
	erf := plusConstant(n, 1)
	if erf == nil || erf.Op != compute.OpTypeErf {
		return nil
	}
	return timesConstant(erf.In[0], math.Sqrt2/2)
}

// geluGradient finds the gradient of GELU as automatic differentiation spells it out,
//
//	((g·(x·0.5))·(exp(-(x·√½)²)·2/√π))·√½ + (g·(erf(x·√½)+1))·0.5
//
// and gives g, the gradient of GELU's value, and x; or nils.
func geluGradient(left, right *Node) (g, x *Node) {
	for _, pair := range [][2]*Node{{left, right}, {right, left}} {
		throughErf, throughHalf := timesConstant(pair[0], math.Sqrt2/2), timesConstant(pair[1], 0.5)
		if throughErf == nil || throughHalf == nil || throughErf.Op != compute.OpTypeMul || throughHalf.Op != compute.OpTypeMul {
			continue
		}
		for i, n := range throughHalf.In {
			x := onePlusErf(n)
			if x == nil {
				continue
			}
			if g := throughHalf.In[1-i]; isErfBranch(throughErf, g, x) {
				return g, x
			}
		}
	}
	return nil, nil
}

// isErfBranch tells whether n is (g·(x·0.5))·(exp(-(x·√½)²)·2/√π).
func isErfBranch(n, g, x *Node) bool {
	for i, factor := range n.In {
		bell, scaled := timesConstant(n.In[1-i], 2/math.SqrtPi), factor
		if bell == nil || bell.Op != compute.OpTypeExp || bell.In[0].Op != compute.OpTypeNeg || scaled.Op != compute.OpTypeMul {
			continue
		}
		square := bell.In[0].In[0]
		if square.Op != compute.OpTypeMul || square.In[0] != square.In[1] || timesConstant(square.In[0], math.Sqrt2/2) != x {
			continue
		}
		for j := range scaled.In {
			if scaled.In[j] == g && timesConstant(scaled.In[1-j], 0.5) == x {
				return true
			}
		}
	}
	return false
}

// timesConstant gives x of x·c, or nil.
func timesConstant(n *Node, c float64) *Node { return otherOperand(n, compute.OpTypeMul, c) }

// plusConstant gives x of x+c, or nil.
func plusConstant(n *Node, c float64) *Node { return otherOperand(n, compute.OpTypeAdd, c) }

func otherOperand(n *Node, op compute.OpType, c float64) *Node {
	if n.Op != op {
		return nil
	}
	for i := range n.In {
		if isConstant(n.In[i], c) && n.In[1-i].Shape.Equal(n.Shape) {
			return n.In[1-i]
		}
	}
	return nil
}

// isConstant tells whether a node is a Float32 number, the nearest to c, broadcast or not.
func isConstant(n *Node, c float64) bool {
	for n.Op == compute.OpTypeBroadcastInDim || n.Op == compute.OpTypeReshape {
		n = n.In[0]
	}
	constant, ok := n.Attr.(Constant)
	if !ok || n.Op != compute.OpTypeConstant || n.Shape.Size() != 1 || n.Shape.DType != dtypes.Float32 {
		return false
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(constant.Data)) == float32(c)
}
