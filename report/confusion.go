// The figure of a confusion matrix.

package report

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"slices"
)

// Confusion is how often videos of each class were taken for each class.
type Confusion struct {
	Title   string
	Rows    []string // what videos are: the model's classes, then any that it lacks
	Classes int      // the model's, the first of Rows, and the columns
	Counts  [][]int  // a row each of Rows: videos taken for each of the classes, and, last, those that could not be read

	totals []int // videos of each row, once Draw has counted them
}

// How large a square of the matrix is, in pixels, for up to so many rows; more rows have squares of a pixel.
var cellSizes = []struct{ rows, cell int }{{12, 44}, {24, 34}, {40, 24}, {64, 18}, {110, 14}, {180, 7}, {260, 5}, {420, 3}, {700, 2}}

const (
	leastNamed   = 14  // pixels of a square beside which a name can stand
	leastCounted = 24  // pixels of a square in which a number can stand
	mostOrdered  = 24  // rows that stay in the order of the classes
	nameRoom     = 210 // pixels at most for a name
	listWidth    = 470 // pixels of the list of confusions
	leastListed  = 8   // confusions in the list, where there are so many
	mostListed   = 24
	apart        = 8 // pixels between the model's classes and what is beside them
)

// Draw draws the matrix with the shares of each row as colours, blue on the diagonal and orange elsewhere, and lists the largest confusions
// beside it. Up to 110 classes have names and up to 40 numbers; where there are more than 24, those that are confused with one another
// become neighbours, and where there are no names, the largest confusions are marked.
func (c Confusion) Draw() (image.Image, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p, err := newConfusionPicture(c.counted())
	if err != nil {
		return nil, err
	}
	p.draw()
	return p.img, nil
}

func (c Confusion) check() error {
	if c.Classes < 1 || len(c.Rows) < c.Classes {
		return errors.New("report: a confusion matrix without classes")
	}
	if len(c.Counts) != len(c.Rows) {
		return fmt.Errorf("report: confusion matrix of %d classes has %d rows", len(c.Rows), len(c.Counts))
	}
	for i, row := range c.Counts {
		if len(row) != c.Classes+1 {
			return fmt.Errorf("report: confusion matrix: row %q has %d columns, want %d and one of unreadable videos", c.Rows[i], len(row), c.Classes)
		}
	}
	return nil
}

// counted is the matrix with the totals of its rows.
func (c Confusion) counted() Confusion {
	c.totals = make([]int, len(c.Rows))
	for row, counts := range c.Counts {
		for _, n := range counts {
			c.totals[row] += n
		}
	}
	return c
}

// share is the part of a row's videos in a column, from 0 to 1.
func (c Confusion) share(row, column int) float64 {
	return float64(c.Counts[row][column]) / float64(max(1, c.totals[row]))
}

// unreadable tells whether the last column has any videos.
func (c Confusion) unreadable() bool {
	return slices.ContainsFunc(c.Counts, func(row []int) bool { return row[c.Classes] > 0 })
}

// confused is a pair of classes: videos of one taken for the other.
type confused struct{ row, column, n, of int }

// largest lists the confusions by falling number of videos, then falling share.
func (c Confusion) largest() []confused {
	var all []confused
	for row, counts := range c.Counts {
		of := c.totals[row]
		for column, n := range counts[:c.Classes] {
			if n > 0 && column != row {
				all = append(all, confused{row, column, n, of})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b confused) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(b.n*a.of, a.n*b.of))
	})
	return all
}

// right is how many of a row's videos were recognised.
func (c Confusion) right(row int) int {
	if row >= c.Classes {
		return 0
	}
	return c.Counts[row][row]
}

// worst lists the model's classes that have videos by rising share of those recognised; classes that the model lacks are not among them.
func (c Confusion) worst() []int {
	var rows []int
	for row := range c.Classes {
		if c.totals[row] > 0 {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.right(a)*c.totals[b], c.right(b)*c.totals[a]), cmp.Compare(c.totals[b], c.totals[a]))
	})
	return rows
}

// order gives the model's classes in the order in which they are drawn.
func (c Confusion) order() []int {
	order := make([]int, c.Classes)
	for i := range order {
		order[i] = i
	}
	if len(c.Rows) <= mostOrdered {
		return order
	}
	return neighbours(c.Classes, func(i, k int) float64 { return c.share(i, k) + c.share(k, i) })
}
