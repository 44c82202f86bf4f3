// Kernels of several operations, so that a value is loaded once for all of them.

package main

func (m *machine) combinations() {
	m.affine("Affine", plain, func(x group) group { return x })
	m.affine("AffineSqrt", plain, func(x group) group { return m.sqrt(x) })
	m.weighted("Blend", func(y group) group { return y })
	m.weighted("BlendSquare", func(y group) group { return m.mul(y, y) })
	m.addQuotient()
}

// affine writes f(x)*s + t.
func (m *machine) affine(name string, count int, f func(x group) group) {
	m.enter(name, m.function(name, "func(dst, x []float32, s, t float32)"))
	dst, x, n := m.array("dst", 4), m.array("x", 4), m.length("dst")
	scale, shift := m.scalar("s"), m.scalar("t")
	m.loop(n, count, func() {
		y := f(m.load(x))
		m.mulThenAdd(y, scale, shift)
		m.store(dst, y)
	})
	m.end()
}

// weighted writes x*s + f(y)*t.
func (m *machine) weighted(name string, f func(y group) group) {
	m.enter(name, m.function(name, "func(dst, x []float32, s float32, y []float32, t float32)"))
	dst, x, y, n := m.array("dst", 4), m.array("x", 4), m.array("y", 4), m.length("dst")
	first, second := m.scalar("s"), m.scalar("t")
	m.loop(n, plain, func() {
		sum := m.mul(m.load(x), first)
		m.addProduct(sum, f(m.load(y)), second)
		m.store(dst, sum)
	})
	m.end()
}

// addQuotient writes (y*t)/z + x*s.
func (m *machine) addQuotient() {
	m.enter("AddQuotient", m.function("AddQuotient", "func(dst, x []float32, s float32, y []float32, t float32, z []float32)"))
	dst, x, y, z, n := m.array("dst", 4), m.array("x", 4), m.array("y", 4), m.array("z", 4), m.length("dst")
	scale, weight := m.scalar("s"), m.scalar("t")
	m.loop(n, busy, func() {
		sum := m.div(m.mul(m.load(y), weight), m.load(z))
		m.addProduct(sum, m.load(x), scale)
		m.store(dst, sum)
	})
	m.end()
}
