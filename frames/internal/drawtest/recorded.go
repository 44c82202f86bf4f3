// Package drawtest plays back, in tests, what the official code is known to have drawn.
package drawtest

import "testing"

// Recorded plays numbers back, in the order in which they were drawn, and fails its test when it is asked for more.
type Recorded struct {
	T      testing.TB
	Values []float64
}

func (r *Recorded) next() float64 {
	r.T.Helper()
	if len(r.Values) == 0 {
		r.T.Fatal("more numbers are drawn than were recorded")
	}
	v := r.Values[0]
	r.Values = r.Values[1:]
	return v
}

// Uniform gives the next number, whatever the bounds.
func (r *Recorded) Uniform(_, _ float64) float64 { return r.next() }

// Normal gives the next number.
func (r *Recorded) Normal(_, _ float64) float64 { return r.next() }

// Beta gives the next number.
func (r *Recorded) Beta(_ float64) float64 { return r.next() }

// Below gives the next number.
func (r *Recorded) Below(n int) int {
	r.T.Helper()
	v := int(r.next())
	if v < 0 || v >= n {
		r.T.Errorf("recorded %d, drawn below %d", v, n)
	}
	return v
}

// Done fails the test unless all numbers were drawn.
func (r *Recorded) Done() {
	r.T.Helper()
	if len(r.Values) > 0 {
		r.T.Errorf("%d recorded numbers were not drawn", len(r.Values))
	}
}
