// Functions of the mathematics library. The coefficients are minimax fits made for this program; the greatest errors are
// stated where the functions are declared, and tested.

package main

import "math"

// busy is the group size of kernels that compute more than they load.
const busy = 2

func mathematics(m *machine) {
	m.unary("Exp", busy, m.exp)
	m.unary("Logistic", busy, m.logistic)
	m.unary("Log", 1, m.log) // it has too many constants for more
	m.unary("Erf", busy, m.erf)
	m.unary("Tanh", busy, m.tanh)
	m.unary("GELU", busy, m.gelu)
	m.unary("GELUGrad", busy, m.geluGrad)
}

// polynomial prepares c[0] + c[1]*x + c[2]*x*x + ...
func (m *machine) polynomial(c ...float32) func(x group) group {
	constants := make([]repeated, len(c))
	for i, v := range c {
		constants[i] = m.coefficient(v)
	}
	return func(x group) group {
		last := len(constants) - 1
		sum := m.copy(constants[last])
		for i := range last {
			m.mulThenAdd(sum, x, constants[last-1-i])
		}
		return sum
	}
}

// rounder is added to a number to round it to a whole one, which then stands in the lowest bits of the sum.
const rounder = 0x1.8p23

// ln2 is rounded to 2 words; the first has zeros at its end, so that products with exponents are exact.
const (
	ln2High = 0.693145752
	ln2Low  = 1.42860677e-06
)

// exp is 2^n * e^r with the whole number n nearest to x/ln 2.
func (m *machine) exp() func(x group) group {
	// From the upper limit on the result is infinite, below the lower one it rounds to 0.
	upper, lower := m.splat(89), m.splat(-104)
	perLn2, round := m.splat(math.Log2E), m.splat(rounder)
	high, low := m.coefficient(ln2High), m.coefficient(ln2Low)
	power := m.polynomial(1, 1, 0.49999994, 0.166665196, 0.0416683927, 0.00836878177, 0.00138144544)
	scale := m.scale()
	return func(x group) group {
		r := m.greatest(lower, m.least(upper, x))
		t := m.copy(round)
		m.addProduct(t, r, perLn2)
		n := m.sub(t, round)
		m.subProduct(r, n, high)
		m.subProduct(r, n, low)
		return scale(power(r), t, n)
	}
}

// scale prepares y * 2^n for the whole number n = t - rounder, with denormal results rounded once and overflow to infinity.
func (m *machine) scale() func(y, t, n group) group {
	if m.wide {
		return func(y, _, n group) group { return m.apply(m.VSCALEFPS, y, n) }
	}
	one, exponent := m.splat(1), m.splatBits(0xff800000)
	return func(y, t, _ group) group {
		// In two steps, as 2^n alone may not be a number: first by 2^(n/2 rounded down), then by the rest.
		half := m.and(m.shiftLeft(t, 22), exponent)
		rest := m.subInt(m.shiftLeft(t, 23), half)
		return m.mul(m.mul(y, m.addInt(half, one)), m.addInt(rest, one))
	}
}

func (m *machine) logistic() func(x group) group {
	sign, one, exp := m.splatBits(signBit), m.splat(1), m.exp()
	return func(x group) group { return m.div(one, m.add(exp(m.xor(x, sign)), one)) }
}

// log is n*ln 2 + log(1+f) for x = 2^n * (1+f) with 1+f from sqrt(1/2) to sqrt 2.
func (m *machine) log() func(x group) group {
	normal, lift, lifted := m.coefficient(0x1p-126), m.coefficient(0x1p23), m.coefficient(23)
	root, one := m.coefficient(math.Sqrt2/2), m.coefficient(1)
	curve := m.polynomial(-0.5, 0.333333313, -0.250008225, 0.200012252, -0.166233525, 0.142017856, -0.131602615, 0.127614096,
		-0.0763407871)
	ln2, special := m.coefficient(math.Ln2), m.logSpecial()
	return func(x group) group {
		tiny := m.compare(less, x, normal)
		bits := m.blend(tiny, m.mul(x, lift), x)
		exponent := m.applyImm(m.VPSRAD, 23, m.subInt(bits, root))
		f := m.sub(m.subInt(bits, m.shiftLeft(exponent, 23)), one)
		n := m.sub(m.convert(m.VCVTDQ2PS, exponent), m.keep(tiny, lifted))
		y, square := m.copy(f), m.mul(f, f)
		m.addProduct(y, square, curve(f))
		m.addProduct(y, n, ln2)
		return special(x, y)
	}
}

// logSpecial prepares the logarithm y where x has none or an infinite one.
func (m *machine) logSpecial() func(x, y group) group {
	zero, infinity := m.coefficient(0), m.coefficient(float32(math.Inf(1)))
	minusInfinity, nan := m.coefficient(float32(math.Inf(-1))), m.coefficient(float32(math.NaN()))
	return func(x, y group) group {
		y = m.blend(m.compare(less, x, infinity), y, x)
		y = m.blend(m.compare(less, x, zero), nan, y)
		return m.blend(m.compare(equal, x, zero), minusInfinity, y)
	}
}

// erf is a + a*p(a*a) up to a limit and 1 - q(a)^8 beyond it, for a = |x|. The eighth root of 1-erf, unlike that function
// itself, is so smooth that a polynomial follows it to where it no longer matters.
func (m *machine) erf() func(x group) group {
	magnitude, one, middle, upper := m.splatBits(signBit-1), m.splat(1), m.splat(1.05), m.splat(4.6)
	near := m.polynomial(0.128379166, -0.37612626, 0.112835854, -0.026853811, 0.00518832682, -0.000801018497, 7.85383309e-05)
	root := m.polynomial(1, -0.141047344, -0.0696309805, -0.00208618934, 0.00658316119, 0.000193220505, -0.000516760221,
		9.00178711e-05, -4.93149901e-06)
	return func(x group) group {
		a := m.and(x, magnitude)
		fourth := m.square(m.square(root(m.least(upper, a))))
		far := m.copy(one)
		m.subProduct(far, fourth, fourth)
		y := near(m.square(a))
		m.mulThenAdd(y, a, a)
		return m.or(m.blend(m.compare(greater, a, middle), far, y), m.xor(x, a))
	}
}

func (m *machine) square(x group) group { return m.mul(x, x) }

// tanh is a + a*p(a*a) up to a limit and 1 - 2/(e^2a + 1) beyond it, for a = |x|.
func (m *machine) tanh() func(x group) group {
	magnitude, one, two, middle, upper := m.splatBits(signBit-1), m.splat(1), m.splat(2), m.splat(0.625), m.splat(9.1)
	perLn2, round, halfLn2 := m.coefficient(2*math.Log2E), m.splat(rounder), m.coefficient(math.Ln2/2)
	near := m.polynomial(0, -0.333332777, 0.133313313, -0.0537299812, 0.0206061061, -0.00566690741)
	power := m.polynomial(1, 2, 4*0.49999994, 8*0.166665196, 16*0.0416683927, 32*0.00836878177, 64*0.00138144544)
	return func(x group) group {
		a := m.and(x, magnitude)
		r, t := m.least(upper, a), m.copy(round)
		m.addProduct(t, r, perLn2)
		m.subProduct(r, m.sub(t, round), halfLn2)
		e := m.addInt(power(r), m.shiftLeft(t, 23))
		far := m.sub(one, m.div(two, m.add(e, one)))
		y := near(m.square(a))
		m.mulThenAdd(y, a, a)
		return m.or(m.blend(m.compare(greater, a, middle), far, y), m.xor(x, a))
	}
}

// normalRoot prepares the eighth root of the normal distribution Phi(-a), for a up to normalLimit; the power is 0 beyond it, to
// the accuracy of the result.
func (m *machine) normalRoot() func(a group) group {
	return m.polynomial(0.917004049, -0.0914577767, -0.0319267139, -0.000674362876, 0.00150666025, 3.30466501e-05,
		-5.98732004e-05, 7.41732947e-06, -2.91785909e-07)
}

const normalLimit = 7

// gelu is max(x, 0) - a*Phi(-a) for a = |x|.
func (m *machine) gelu() func(x group) group {
	magnitude, upper, zero, root := m.splatBits(signBit-1), m.splat(normalLimit), m.splat(0), m.normalRoot()
	return func(x group) group {
		a := m.least(upper, m.and(x, magnitude))
		y := m.greatest(x, zero)
		m.subProduct(y, a, m.square(m.square(m.square(root(a)))))
		return y
	}
}

// geluGrad is g(a) = Phi(-a) - a*Phi'(a) for a = -x, and 1 - g(a) for positive x, when a = x. With the root r of Phi(-a), g is
// r^7 times a function that a polynomial follows.
func (m *machine) geluGrad() func(x group) group {
	magnitude, upper, one, root := m.splatBits(signBit-1), m.splat(normalLimit), m.splat(1), m.normalRoot()
	factor := m.polynomial(0.917003989, -0.82311976, -0.542753696, -0.0168646388, 0.049732279, 0.00134277006, -0.00292791915,
		0.000421411998, -1.88417453e-05)
	return func(x group) group {
		a := m.least(upper, m.and(x, magnitude))
		f, r := factor(a), root(a)
		square := m.square(r)
		seventh := m.mul(m.square(square), m.mul(square, r))
		right := m.copy(one)
		m.subProduct(right, seventh, f)
		return m.blend(m.negative(x), m.mul(seventh, f), right)
	}
}
