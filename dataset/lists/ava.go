package lists

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
)

// Box is a row of an AVA list: one action of one person at one moment.
type Box struct {
	Video          string
	Second         int     // of the video
	X1, Y1, X2, Y2 float64 // left, top, right, bottom as shares of the picture's width and height
	Class          int     // as in the label map, from 1
	Person         int     // number of the person in the video, or -1 where the list has none
	Row            int
}

// Moment is a second of a video.
type Moment struct {
	Video  string
	Second int
}

// Boxes yields the rows of an AVA list: "video,second,x1,y1,x2,y2,class" and perhaps the person. Errors of one row (IsRow) do not end it.
func Boxes(file string) iter.Seq2[Box, error] {
	return func(yield func(Box, error) bool) {
		for r, err := range records(file, false) {
			var b Box
			if err == nil {
				b, err = boxRow(r.fields)
				b.Row = r.row
				if err != nil {
					b, err = Box{}, &RowError{file, r.row, err}
				}
			}
			if !yield(b, err) || err != nil && !IsRow(err) {
				return
			}
		}
	}
}

func boxRow(f []string) (Box, error) {
	if len(f) != 7 && len(f) != 8 {
		return Box{}, fmt.Errorf("has %d fields, not video,second,x1,y1,x2,y2,class and perhaps person", len(f))
	}
	moment, err := momentRow(f[:2])
	if err != nil {
		return Box{}, err
	}
	b := Box{Video: moment.Video, Second: moment.Second, Person: -1}
	for i, to := range []*float64{&b.X1, &b.Y1, &b.X2, &b.Y2} {
		*to, err = strconv.ParseFloat(f[2+i], 64)
		if err != nil || !(*to >= 0 && *to <= 1) {
			return Box{}, fmt.Errorf("%q is not a share of the picture from 0 to 1", f[2+i])
		}
	}
	if b.X2 < b.X1 || b.Y2 < b.Y1 {
		return Box{}, fmt.Errorf("the box from (%v, %v) to (%v, %v) is inside out", b.X1, b.Y1, b.X2, b.Y2)
	}
	if b.Class, err = strconv.Atoi(f[6]); err != nil || b.Class < 1 {
		return Box{}, fmt.Errorf("class %q is not a number from 1", f[6])
	}
	if len(f) == 8 {
		if b.Person, err = strconv.Atoi(f[7]); err != nil || b.Person < 0 {
			return Box{}, fmt.Errorf("person %q is not a number from 0", f[7])
		}
	}
	return b, nil
}

// Moments reads a list of "video,second", as AVA lists the moments that are left out of a score.
func Moments(file string) (map[Moment]bool, error) {
	moments := map[Moment]bool{}
	for r, err := range records(file, false) {
		if err != nil {
			return nil, err
		}
		if len(r.fields) != 2 {
			return nil, &RowError{file, r.row, fmt.Errorf("has %d fields, not video,second", len(r.fields))}
		}
		m, err := momentRow(r.fields)
		if err != nil {
			return nil, &RowError{file, r.row, err}
		}
		moments[m] = true
	}
	return moments, nil
}

func momentRow(f []string) (Moment, error) {
	second, err := strconv.ParseFloat(f[1], 64) // detections have them as 902.0 or 0902
	switch {
	case f[0] == "":
		return Moment{}, errors.New("the video is empty")
	case err != nil || !(second >= 0 && second < 1e6) || second != math.Trunc(second):
		return Moment{}, fmt.Errorf("%q is not a whole second", f[1])
	}
	return Moment{f[0], int(second)}, nil
}

// readAVA yields each video of an AVA list once, where it is first named.
func readAVA(file string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		seen := map[string]bool{}
		for b, err := range Boxes(file) {
			if err == nil && seen[b.Video] {
				continue
			}
			seen[b.Video] = true
			if !yield(entry{Item: Item{Row: b.Row}, id: b.Video}, err) {
				return
			}
		}
	}
}

// Boxes yields the boxes of an AVA list, all of its files.
func (s *Source) Boxes() iter.Seq2[Box, error] {
	return func(yield func(Box, error) bool) {
		for _, p := range s.parts {
			for b, err := range Boxes(p.file) {
				if !yield(b, err) {
					return
				}
			}
		}
	}
}
