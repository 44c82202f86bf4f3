// Kernels of one or two instructions a vector: arithmetic, signs, rounding, comparisons and masks.

package main

// plain is the group size of kernels that wait for memory: enough to make the loop's own instructions cheap.
const plain = 4

const signBit = 0x80000000

func arithmetic(m *machine) {
	m.unary("Neg", plain, func() func(group) group {
		sign := m.splatBits(signBit)
		return func(x group) group { return m.xor(x, sign) }
	})
	m.unary("Abs", plain, func() func(group) group {
		magnitude := m.splatBits(signBit - 1)
		return func(x group) group { return m.and(x, magnitude) }
	})
	m.unary("Sqrt", plain, func() func(group) group { return func(x group) group { return m.sqrt(x) } })
	m.unary("Rsqrt", plain, func() func(group) group {
		one := m.splat(1)
		return func(x group) group { return m.div(one, m.sqrt(x)) }
	})
	m.unary("Reciprocal", plain, func() func(group) group {
		one := m.splat(1)
		return func(x group) group { return m.div(one, x) }
	})
	m.unary("Square", plain, func() func(group) group { return func(x group) group { return m.mul(x, x) } })
	for _, r := range []struct {
		name string
		mode uint8
	}{{"Floor", down}, {"Ceil", up}, {"Round", toNearest}} {
		m.unary(r.name, plain, func() func(group) group { return func(x group) group { return m.round(x, r.mode) } })
	}
	m.unary("Sign", plain, m.sign)

	m.binary("Add", plain, func() func(x, y values) group { return m.add })
	m.binary("Sub", plain, func() func(x, y values) group { return m.sub })
	m.binary("Mul", plain, func() func(x, y values) group { return m.mul })
	m.binary("Div", plain, func() func(x, y values) group { return m.div })
	m.binary("Max", busy, m.highest)
	m.binary("Min", plain, func() func(x, y values) group { return m.lowest })
	m.ternaries()
	m.combinations()
}

func (m *machine) sign() func(group) group {
	zero, one, bit := m.splat(0), m.splat(1), m.splatBits(signBit)
	return func(x group) group {
		return m.blend(m.compare(lessOrGreater, x, zero), m.or(m.and(x, bit), one), x)
	}
}

// lowest is the smaller number or, if one is a NaN, a NaN. The instruction gives its second operand for a NaN and for two
// zeros; both orders ored give -0 if there is one, and a NaN ored with anything is one.
func (m *machine) lowest(x, y values) group { return m.or(m.least(x, y), m.least(y, x)) }

// highest is the larger number. Both orders anded give 0 if there is one; NaNs need a comparison.
func (m *machine) highest() func(x, y values) group {
	nan := m.splatBits(0x7fc00000)
	return func(x, y values) group {
		return m.blend(m.compare(unordered, x, y), nan, m.and(m.greatest(x, y), m.greatest(y, x)))
	}
}

func comparisons(m *machine) {
	one := func(f func(one repeated) func(x, y values) group) func() func(x, y values) group {
		return func() func(x, y values) group { return f(m.splat(1)) }
	}
	for _, c := range []struct {
		name      string
		predicate uint8
	}{
		{"Less", less}, {"LessEqual", lessEqual}, {"Equal", equal}, {"NotEqual", notEqual}, {"Greater", greater},
		{"GreaterEqual", greaterOrEqual},
	} {
		m.binary(c.name, plain, one(func(one repeated) func(x, y values) group {
			return func(x, y values) group { return m.keep(m.compare(c.predicate, x, y), one) }
		}))
	}
	m.unary("IsFinite", plain, func() func(group) group {
		one, magnitude, infinity := m.splat(1), m.splatBits(signBit-1), m.splatBits(0x7f800000)
		return func(x group) group { return m.keep(m.compare(less, m.and(x, magnitude), infinity), one) }
	})
	m.binary("And", plain, func() func(x, y values) group { return m.and })
	m.binary("Or", plain, func() func(x, y values) group { return m.or })
	m.binary("Xor", plain, func() func(x, y values) group { return m.xor })
	m.unary("Not", plain, func() func(group) group {
		one := m.splat(1)
		return func(x group) group { return m.xor(x, one) }
	})
}

// binary writes the three loops of a function of two numbers.
func (m *machine) binary(name string, count int, prepare func() func(x, y values) group) {
	m.enter("Binary["+name+"]", m.function(name, "func(dst, x, y []float32)"))
	dst, x, y, n := m.array("dst", 4), m.array("x", 4), m.array("y", 4), m.length("dst")
	f := prepare()
	m.loop(n, count, func() { m.store(dst, f(m.load(x), m.load(y))) })
	m.end()

	m.enter("BinaryScalarRight["+name+"]", m.function(name+"Right", "func(dst, x []float32, y float32)"))
	dst, x, n = m.array("dst", 4), m.array("x", 4), m.length("dst")
	scalar := m.scalar("y")
	f = prepare()
	m.loop(n, count, func() { m.store(dst, f(m.load(x), scalar)) })
	m.end()

	m.enter("BinaryScalarLeft["+name+"]", m.function(name+"Left", "func(dst []float32, x float32, y []float32)"))
	dst, y, n = m.array("dst", 4), m.array("y", 4), m.length("dst")
	scalar = m.scalar("x")
	f = prepare()
	m.loop(n, count, func() { m.store(dst, f(scalar, m.load(y))) })
	m.end()
}

// ternaries are the functions of three numbers.
func (m *machine) ternaries() {
	m.enter("MulAdd", m.function("MulAdd", "func(dst, x, y, z []float32)"))
	dst, x, y, z, n := m.array("dst", 4), m.array("x", 4), m.array("y", 4), m.array("z", 4), m.length("dst")
	m.loop(n, plain, func() {
		product := m.load(x)
		m.mulThenAdd(product, m.load(y), m.load(z))
		m.store(dst, product)
	})
	m.end()

	m.enter("AddScaled", m.function("AddScaled", "func(dst, x []float32, s float32, y []float32)"))
	dst, x, y, n = m.array("dst", 4), m.array("x", 4), m.array("y", 4), m.length("dst")
	scale := m.scalar("s")
	m.loop(n, plain, func() {
		sum := m.load(x)
		m.addProduct(sum, scale, m.load(y))
		m.store(dst, sum)
	})
	m.end()

	m.enter("Where", m.function("Where", "func(dst, mask, x, y []float32)"))
	dst, mask, x, y, n := m.array("dst", 4), m.array("mask", 4), m.array("x", 4), m.array("y", 4), m.length("dst")
	zero := m.splat(0)
	m.loop(n, plain, func() {
		m.store(dst, m.blend(m.compare(notEqual, m.load(mask), zero), m.load(x), m.load(y)))
	})
	m.end()

	m.enter("Fill", m.function("Fill", "func(dst []float32, v float32)"))
	dst, n = m.array("dst", 4), m.length("dst")
	value := m.scalar("v")
	m.loop(n, plain, func() { m.store(dst, value) })
	m.end()
}
