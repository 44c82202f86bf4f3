package page

import "slices"

// Fact is a name with its value as text.
type Fact struct{ Name, Value string }

// table compares runs: a column for each run, a row for each fact.
type table struct {
	Runs    []*Run
	Rows    []row
	Differs int // rows in which runs of the same kind are not the same
}

type row struct {
	Name   string
	Values []string // of each run; "" where it has none
	Differ bool
}

// compare lines up the facts of runs by their names, in the order in which they first appear.
func compare(runs []*Run, facts func(*Run) []Fact) table {
	t := table{}
	for _, r := range runs { // runs without any facts of the kind get no column
		if len(facts(r)) > 0 {
			t.Runs = append(t.Runs, r)
		}
	}
	for _, r := range t.Runs {
		after := 0 // where a fact that only later runs have belongs
		for _, f := range facts(r) {
			at := slices.IndexFunc(t.Rows, func(known row) bool { return known.Name == f.Name })
			if at < 0 {
				t.Rows = slices.Insert(t.Rows, after, row{Name: f.Name})
				at = after
			}
			after = at + 1
		}
	}
	for i := range t.Rows {
		known := &t.Rows[i]
		for _, r := range t.Runs {
			value := ""
			for _, f := range facts(r) {
				if f.Name == known.Name {
					value = f.Value
				}
			}
			known.Values = append(known.Values, value)
		}
		if known.Differ = t.differ(known.Values); known.Differ {
			t.Differs++
		}
	}
	return t
}

// differ tells whether two runs of the same kind have different values. What only the other kind has is no difference.
func (t table) differ(values []string) bool {
	first := map[Kind]string{}
	for i, r := range t.Runs {
		if value, known := first[r.Kind]; known && value != values[i] {
			return true
		}
		first[r.Kind] = values[i]
	}
	return false
}
