package fuse

import (
	"maps"
	"slices"

	"github.com/gomlx/compute"

	"videomae/engine/simd/ir"
)

// group is a set of nodes that one loop computes.
type group struct {
	space   Space
	members []*ir.Node
	at      map[*ir.Node]Index    // where in a member's value a point of the space is found
	over    map[*ir.Node]Index    // the same for the input of a member that is a reduction
	loads   map[load]Linear       // where in memory values from outside are found
	read    map[*ir.Node]bool     // members that other members read
	readers map[*ir.Node]*ir.Node // a member that reads a value from outside, by the name it uses
}

// load is a read of a value from outside for a member that names it as in. Values that are computed anew read theirs at places of
// their own, told apart by at.
type load struct {
	member, in *ir.Node
	at         string
}

// greatestGroup bounds the members of a group: longer programs gain nothing.
const greatestGroup = 200

// newGroup begins a loop with one node.
func newGroup(n *ir.Node) *group {
	g := &group{at: map[*ir.Node]Index{}, over: map[*ir.Node]Index{}, loads: map[load]Linear{}, read: map[*ir.Node]bool{}, readers: map[*ir.Node]*ir.Node{}}
	if reduces(n) {
		g.space, g.over[n] = dense(n.In[0].Shape.Dimensions)
		g.at[n] = without(g.over[n], n.Attr.(ir.Axes))
	} else {
		g.space, g.at[n] = dense(n.Shape.Dimensions)
	}
	g.members = []*ir.Node{n}
	return g
}

// without drops the axes that a reduction takes away.
func without(x Index, axes ir.Axes) Index {
	out := Index{}
	for i, axis := range x {
		if !slices.Contains(axes, i) {
			out = append(out, axis)
		}
	}
	return out
}

// clone copies a group, so that joining can be tried.
func (g *group) clone() *group {
	return &group{space: slices.Clone(g.space), members: slices.Clone(g.members),
		at: maps.Clone(g.at), over: maps.Clone(g.over), loads: maps.Clone(g.loads), read: maps.Clone(g.read), readers: maps.Clone(g.readers)}
}

// cut cuts an atom in two.
func (g *group) cut(c split) {
	g.space = g.space.cut(c)
	for _, table := range []map[*ir.Node]Index{g.at, g.over} {
		for n, x := range table {
			table[n] = x.cut(c)
		}
	}
	for l, x := range g.loads {
		g.loads[l] = x.cut(c)
	}
}

// operandIndex is where a member's input is found: the reduction's input, or an operand of an element-wise op.
func (g *group) operandIndex(n, in *ir.Node) Index {
	if x, reduction := g.over[n]; reduction {
		return x
	}
	return operand(in, g.at[n])
}

// reach gives where the value of in is found if it comes from a member by moves, or if a member reads it too; axes of which that does
// not tell are nil.
func (g *group) reach(in *ir.Node) (x []*Linear, ok bool) {
	if at, member := g.at[in]; member {
		return pointers(at), true
	}
	if reader := g.readers[in]; reader != nil {
		return pointers(g.operandIndex(reader, in)), true
	}
	if !moves(in) || barrierResult(in) || in.Op == compute.OpTypeSlice {
		return nil, false
	}
	from, ok := g.reach(in.In[0])
	if !ok {
		return nil, false
	}
	x = make([]*Linear, in.Shape.Rank())
	switch in.Op {
	case compute.OpTypeTranspose:
		for i, axis := range in.Attr.(ir.Axes) {
			x[i] = from[axis]
		}
	case compute.OpTypeBroadcastInDim:
		for i, axis := range in.Attr.(ir.Axes) {
			if in.In[0].Shape.Dimensions[i] != 1 {
				x[axis] = from[i]
			}
		}
		for i, d := range in.Shape.Dimensions {
			if d == 1 {
				x[i] = &Linear{}
			}
		}
	default: // a reshape
		if slices.Contains(from, nil) {
			return nil, false
		}
		index, need, ok := g.space.axes(linear(in.In[0].Shape.Dimensions, values(from)), in.Shape.Dimensions)
		if need != nil {
			g.cut(*need)
			return g.reach(in)
		}
		if !ok {
			return nil, false
		}
		x = pointers(index)
	}
	return x, true
}

func pointers(x Index) []*Linear {
	out := make([]*Linear, len(x))
	for i := range x {
		out[i] = &x[i]
	}
	return out
}

func values(x []*Linear) Index {
	out := make(Index, len(x))
	for i := range x {
		out[i] = *x[i]
	}
	return out
}

// place puts a node into the group's space where its inputs from members say, and tells whether it fits.
func (g *group) place(n *ir.Node) bool {
	atoms := len(g.space)
	if reduces(n) {
		x, ok := g.reach(n.In[0])
		if !ok || slices.Contains(x, nil) {
			return false
		}
		g.over[n] = values(x)
		g.at[n] = without(g.over[n], n.Attr.(ir.Axes))
	} else {
		x, ok := g.joined(n)
		if !ok {
			return false
		}
		if len(g.space) != atoms { // an atom was cut on the way: what was found before is stale
			return g.place(n)
		}
		g.at[n] = x
	}
	for _, in := range n.In {
		g.note(in)
	}
	g.members = append(g.members, n)
	return true
}

// note remembers that the member which in comes from is read.
func (g *group) note(in *ir.Node) {
	for moves(in) && g.at[in] == nil {
		in = moved(in)
	}
	if _, member := g.at[in]; member {
		g.read[in] = true
	}
}

// joined is the index of an element-wise op's value as its inputs within the group have it.
func (g *group) joined(n *ir.Node) (Index, bool) {
	dims := n.Shape.Dimensions
	x := make([]*Linear, len(dims))
	for i, d := range dims {
		if d == 1 {
			x[i] = &Linear{}
		}
	}
	for _, in := range n.In {
		from, ok := g.reach(in)
		if !ok {
			continue
		}
		for i := range from {
			switch {
			case dims[i] == 1 || in.Shape.Dimensions[i] == 1 || from[i] == nil:
			case x[i] == nil:
				x[i] = from[i]
			case !equal(*x[i], *from[i]):
				return nil, false
			}
		}
	}
	index, ok := g.fill(dims, x)
	return index, ok && g.once(index)
}

// once tells whether no atom runs along two axes.
func (g *group) once(x Index) bool {
	var seen uint64
	for _, axis := range x {
		for _, p := range axis.Parts {
			if seen>>p.Atom&1 == 1 {
				return false
			}
			seen |= 1 << p.Atom
		}
	}
	return true
}

func equal(a, b Linear) bool { return a.Offset == b.Offset && slices.Equal(a.Parts, b.Parts) }

// fill gives the axes of which nothing is known the atoms that lie between their neighbours', if they fit exactly.
func (g *group) fill(dims []int, x []*Linear) (Index, bool) {
	next := 0 // first atom not passed yet
	for i := 0; i < len(x); i++ {
		if x[i] != nil {
			for _, p := range x[i].Parts {
				next = max(next, p.Atom+1)
			}
			continue
		}
		end, limit := i, len(g.space)
		for end < len(x) && (x[end] == nil || len(x[end].Parts) == 0) {
			end++
		}
		for _, later := range x[end:] {
			if later != nil {
				for _, p := range later.Parts {
					limit = min(limit, p.Atom)
				}
			}
		}
		if limit < next || g.space[next:limit].size() != product(dims[i:end]) {
			return nil, false
		}
		index, need, ok := g.space.axes(g.space.run(next, limit), dims[i:end])
		if need != nil {
			g.cut(*need)
			return Index{}, true // the caller sees the cut and begins anew
		}
		if !ok {
			return nil, false
		}
		for j := range index {
			x[i+j] = &index[j]
		}
		i--
	}
	return values(x), true
}

func product(dims []int) int { return Space(dims).size() }

// absorb takes another group's members in, if both run over the same space.
func (g *group) absorb(other *group) bool {
	if g.space.size() != other.space.size() {
		return false
	}
	for i := 0; i < len(g.space) || i < len(other.space); i++ {
		if i >= len(g.space) || i >= len(other.space) {
			return false
		}
		a, b := g.space[i], other.space[i]
		switch {
		case a == b:
		case a > b && a%b == 0:
			g.cut(split{i, a / b})
		case b > a && b%a == 0:
			other.cut(split{i, b / a})
		default:
			return false
		}
	}
	maps.Copy(g.at, other.at)
	maps.Copy(g.over, other.over)
	maps.Copy(g.loads, other.loads)
	maps.Copy(g.read, other.read)
	maps.Copy(g.readers, other.readers)
	g.members = append(g.members, other.members...)
	slices.SortFunc(g.members, func(a, b *ir.Node) int { return a.ID - b.ID })
	for _, n := range g.members {
		for _, in := range n.In {
			g.note(in)
		}
	}
	return true
}
