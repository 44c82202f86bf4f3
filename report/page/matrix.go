// The confusion matrix.

package page

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"slices"
	"strings"
)

// Matrix counts videos by what they are and by what they were taken for; a last column counts those that could not be read.
type Matrix struct {
	Rows, Columns []string
	Counts        [][]int // of each row, a count for each column and one more
}

// mostNamed is up to how many classes a matrix has names and numbers; a larger one is a picture, and its largest mistakes are listed.
const mostNamed = 24

// Named tells whether the matrix is small enough for names and numbers.
func (m Matrix) Named() bool { return len(m.Rows) <= mostNamed && len(m.Columns) <= mostNamed }

// Unreadable tells whether there are any videos that could not be read.
func (m Matrix) Unreadable() bool {
	return slices.ContainsFunc(m.Counts, func(row []int) bool { return len(row) > 0 && row[len(row)-1] > 0 })
}

// Cell is one count.
type Cell struct {
	N      int
	Right  bool
	Shade  template.CSS
	Strong bool // the shade is dark, so that its text must be light
	Hint   string
}

// MatrixLine is a row of the matrix.
type MatrixLine struct {
	Name  string
	Cells []Cell
}

// Lines are the rows with shades by their share of the row.
func (m Matrix) Lines() []MatrixLine {
	unreadable := m.Unreadable()
	var lines []MatrixLine
	for i, counts := range m.Counts {
		line := MatrixLine{Name: m.Rows[i]}
		total := sum(counts)
		for column, n := range counts {
			if column == len(m.Columns) && !unreadable {
				continue
			}
			share := float64(n) / float64(max(1, total))
			line.Cells = append(line.Cells, Cell{N: n, Right: column == i, Shade: shade(share, column == i), Strong: share > 0.55,
				Hint: fmt.Sprintf("%s: %d of %d taken for %s", m.Rows[i], n, total, m.column(column))})
		}
		lines = append(lines, line)
	}
	return lines
}

func (m Matrix) column(i int) string {
	if i < len(m.Columns) {
		return m.Columns[i]
	}
	return "nothing, as they could not be read"
}

func sum(counts []int) int {
	n := 0
	for _, v := range counts {
		n += v
	}
	return n
}

// shade is blue for right, orange for wrong, and the fuller the larger the share.
func shade(share float64, right bool) template.CSS {
	tone := "213,94,0"
	if right {
		tone = "0,114,178"
	}
	return template.CSS(fmt.Sprintf("background:rgba(%s,%.3f)", tone, share))
}

// Mistake is a pair of classes with how many videos of the first were taken for the second.
type Mistake struct {
	Truth, Taken string
	N, Of        int
}

// Mistakes lists the most frequent confusions.
func (m Matrix) Mistakes() []Mistake {
	const most = 12
	var all []Mistake
	for i, counts := range m.Counts {
		for column, n := range counts {
			if n > 0 && column != i && column < len(m.Columns) {
				all = append(all, Mistake{m.Rows[i], m.Columns[column], n, sum(counts)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Mistake) int { return cmp.Compare(b.N, a.N) })
	return all[:min(len(all), most)]
}

// SVG draws a matrix without names: a square for each count that is not zero.
func (m Matrix) SVG() template.HTML {
	const side = 640.0
	step := side / float64(max(len(m.Rows), len(m.Columns)))
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="matrix" viewBox="0 0 %g %g" role="img" aria-label="Confusion matrix"><rect class="ground" width="%g" height="%g"/>`,
		float64(len(m.Columns))*step, float64(len(m.Rows))*step, float64(len(m.Columns))*step, float64(len(m.Rows))*step)
	for i, counts := range m.Counts {
		total := sum(counts)
		for column, n := range counts {
			if n == 0 || column >= len(m.Columns) {
				continue
			}
			tone := colours[1]
			if column == i {
				tone = colours[0]
			}
			fmt.Fprintf(&b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s" fill-opacity="%.3f"><title>%s</title></rect>`,
				float64(column)*step, float64(i)*step, step, step, tone, 0.15+0.85*float64(n)/float64(total),
				html.EscapeString(fmt.Sprintf("%s: %d of %d taken for %s", m.Rows[i], n, total, m.Columns[column])))
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // numbers, and texts escaped above
}
