// Strict loading: every tensor that a model wants must be in the file, and nothing else.

package weights

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
)

// Status says how a tensor of the model and a tensor of the file go together.
type Status string

// The ways a tensor can fit or fail to.
const (
	Matched    Status = "matched"
	Missing    Status = "missing"    // the model wants it, the file lacks it
	Unexpected Status = "unexpected" // the file has it, the model does not want it
	MisShaped  Status = "mis-shaped"
)

// Row is one tensor of a load report. Want is nil for an unexpected tensor, Have for a missing one; Allowed marks an exception that a
// pattern covers.
type Row struct {
	Name       string
	Status     Status
	Want, Have []int
	Allowed    bool
}

// Report lists the tensors of the model in its order, then those that only the file has, in the file's.
type Report struct{ Rows []Row }

// Match compares the tensors that a model wants with those of a file, by name and shape; types may differ. A tensor that does not match is an
// error unless its name fits one of the allowed patterns (path.Match: * stands for any text, as in "decoder.*"). Such a tensor must not be
// loaded: Loadable names those that may.
func Match(want []Spec, have Source, allow ...string) (Report, error) {
	for _, pattern := range allow {
		if _, err := path.Match(pattern, ""); err != nil {
			return Report{}, fmt.Errorf("weights: pattern %q: %w", pattern, err)
		}
	}
	allowed := func(name string) bool {
		return slices.ContainsFunc(allow, func(pattern string) bool {
			ok, _ := path.Match(pattern, name) // checked above
			return ok
		})
	}
	var r Report
	wanted := map[string]bool{}
	for _, w := range want {
		wanted[w.Name] = true
		row := Row{Name: w.Name, Status: Matched, Want: w.Shape}
		if h, ok := have.Spec(w.Name); !ok {
			row.Status, row.Allowed = Missing, allowed(w.Name)
		} else if row.Have = h.Shape; !slices.Equal(w.Shape, h.Shape) {
			row.Status, row.Allowed = MisShaped, allowed(w.Name)
		}
		r.Rows = append(r.Rows, row)
	}
	for _, name := range have.Names() {
		if !wanted[name] {
			h, _ := have.Spec(name)
			r.Rows = append(r.Rows, Row{Name: name, Status: Unexpected, Have: h.Shape, Allowed: allowed(name)})
		}
	}
	return r, r.err(have.Path())
}

// Loadable names the tensors that are in both with the same shape.
func (r Report) Loadable() []string {
	var names []string
	for _, row := range r.Rows {
		if row.Status == Matched {
			names = append(names, row.Name)
		}
	}
	return names
}

func (r Report) count(s Status) (n int) {
	for _, row := range r.Rows {
		if row.Status == s {
			n++
		}
	}
	return n
}

func (r Report) summary() string {
	return fmt.Sprintf("%d matched, %d missing, %d unexpected, %d mis-shaped",
		r.count(Matched), r.count(Missing), r.count(Unexpected), r.count(MisShaped))
}

// err names the file and the first tensor that neither matches nor is allowed.
func (r Report) err(file string) error {
	bad := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Status != Matched && !row.Allowed })
	if bad < 0 {
		return nil
	}
	row := r.Rows[bad]
	return fmt.Errorf("weights: %s does not fit the model (%s): first, tensor %q is %s%s", file, r.summary(), row.Name, row.Status, row.shapes())
}

func (row Row) shapes() string {
	if row.Status != MisShaped {
		return ""
	}
	return fmt.Sprintf(": the model has %v, the file %v", row.Want, row.Have)
}

// String is a table of every tensor that does not match, with a line of counts.
func (r Report) String() string {
	var b strings.Builder
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "tensor\tstatus\tmodel\tfile\tallowed")
	shape := func(s []int, absent bool) string {
		if absent {
			return "-"
		}
		return fmt.Sprint(s)
	}
	for _, row := range r.Rows {
		if row.Status == Matched {
			continue
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%v\n", row.Name, row.Status,
			shape(row.Want, row.Status == Unexpected), shape(row.Have, row.Status == Missing), row.Allowed)
	}
	_ = tab.Flush() // a strings.Builder never fails
	return b.String() + r.summary() + "\n"
}
