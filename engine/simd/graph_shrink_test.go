package simd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
)

// cut is a part of a random graph: some outputs, and the values that it starts from as its parameters.
type cut struct{ outputs, given []int }

// whole starts from the graph's own operands.
func (g *growth) whole(outputs []int) cut {
	c := cut{outputs: outputs}
	for i := range g.operands {
		c.given = append(c.given, i)
	}
	return c
}

// recipe records what a part needs.
func (g *growth) recipe(c cut) recipe {
	return func(f *recorder, x []compute.Value) []compute.Value {
		known := map[int]compute.Value{}
		for i, k := range c.given {
			known[k] = x[i]
		}
		var value func(k int) compute.Value
		value = func(k int) compute.Value {
			if _, ok := known[k]; !ok {
				var in []compute.Value
				for _, i := range g.values[k].in {
					in = append(in, value(i))
				}
				known[k] = g.values[k].build(f, in)
			}
			return known[k]
		}
		var list []compute.Value
		for _, k := range c.outputs {
			list = append(list, value(k))
		}
		return list
	}
}

// operandsOf picks a part's parameters from all values.
func operandsOf(c cut, all []array) []array {
	var list []array
	for _, k := range c.given {
		list = append(list, all[k])
	}
	return list
}

// fails tells what goes wrong with a part on a backend; it is empty if all is well.
func (g *growth) fails(b *Backend, c cut, all []array) string {
	got, err := once(b, operandsOf(c, all), g.recipe(c), false)
	if err != nil {
		return err.Error()
	}
	bounds := g.bounds(all, c.given)
	for i, k := range c.outputs {
		if diff := apart(got[i], all[k], 2*bounds[k]); diff != "" {
			return fmt.Sprintf("value %d: %s", k, diff)
		}
	}
	return ""
}

// shrink finds a small part that fails: it leaves out outputs, then starts from as many of the oracle's values as it can.
func (g *growth) shrink(b *Backend, c cut, all []array) cut {
	try := func(smaller cut) {
		if g.fails(b, smaller, all) != "" {
			c = smaller
		}
	}
	for _, k := range slices.Clone(c.outputs) {
		try(cut{without(c.outputs, k), c.given})
	}
	for k := len(g.values) - 1; k >= len(g.operands); k-- {
		if !slices.Contains(c.outputs, k) {
			try(cut{c.outputs, append(slices.Clone(c.given), k)})
		}
	}
	for _, k := range slices.Clone(c.given) {
		if !g.needs(c, k) {
			try(cut{c.outputs, without(c.given, k)})
		}
	}
	return c
}

// without leaves out a value unless it is the only one.
func without(list []int, k int) []int {
	if rest := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return i == k }); len(rest) > 0 {
		return rest
	}
	return list
}

// needs tells whether a part's outputs hang on a value that it starts from.
func (g *growth) needs(c cut, given int) bool {
	open, seen := slices.Clone(c.outputs), map[int]bool{}
	for len(open) > 0 {
		k := open[len(open)-1]
		open = open[:len(open)-1]
		if k == given {
			return true
		}
		if !seen[k] && !slices.Contains(c.given, k) {
			open = append(open, g.values[k].in...)
		}
		seen[k] = true
	}
	return false
}

// show lists the nodes of a part.
func (g *growth) show(b *Backend, c cut, all []array) string {
	builder := b.Builder("test").(*Builder)
	if _, err := record(builder, operandsOf(c, all), g.recipe(c)); err != nil {
		return err.Error()
	}
	var text strings.Builder
	for _, n := range builder.graph.Live() {
		fmt.Fprintln(&text, n)
	}
	return text.String()
}
