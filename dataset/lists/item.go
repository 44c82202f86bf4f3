// Package lists reads and writes lists of videos in the forms that the field uses: CSV with a header, the lists of the official code
// and its second version, Kinetics, Something-Something V2, UCF101, HMDB51 and AVA annotations, folders of classes.
//
// Lists are read row by row, so that their length does not matter.
package lists

import (
	"errors"
	"fmt"
	"slices"

	"videomae/video"
	"videomae/video/imagedir"
)

// Item is one video of a list.
type Item struct {
	Name  string // how the list names it: the path as written there, or relative to the folder, with forward slashes
	Path  string // where it is: a video file or a folder of frames
	Label string // class name, or number where names are not known; "" without one
	Split string // "train", "val" or as the list says; "" where it says nothing

	// Of a folder of frames of which the list means a part: the number in the first picture's name, and how many pictures.
	// Count is 0 where the whole is meant.
	First, Count int

	Row int // line of the list, or place in a JSON array, counted from 1; 0 where there is no list
}

// Span is the part of a video that the item means, as its first frame and how many. It fails where the video has not as much.
func (i Item) Span(info video.Info) (start, count int, err error) {
	if i.Count == 0 || info.Container == video.PackContainer { // a pack holds the part alone
		return 0, info.Frames, nil
	}
	if info.Container != video.FolderContainer {
		return 0, 0, fmt.Errorf("video %s: the list gives it %d pictures, as only folders of frames have", i.Path, i.Count)
	}
	numbers, err := imagedir.Numbers(i.Path)
	if err != nil {
		return 0, 0, err
	}
	start, there := slices.BinarySearch(numbers, i.First)
	last := start + i.Count - 1
	if !there || last >= len(numbers) || numbers[last] != i.First+i.Count-1 {
		return 0, 0, fmt.Errorf("folder of frames %s: the list means pictures %d to %d, but not all of them are there: it has %d, numbered %d to %d",
			i.Path, i.First, i.First+i.Count-1, len(numbers), numbers[0], numbers[len(numbers)-1])
	}
	return start, i.Count, nil
}

// RowError is what is wrong with one row of a list. Reading goes on after it.
type RowError struct {
	File string
	Row  int // line, or place in a JSON array, counted from 1
	Err  error
}

// Error names file and row.
func (e *RowError) Error() string { return fmt.Sprintf("list %s: row %d: %v", e.File, e.Row, e.Err) }

// Unwrap is the reason.
func (e *RowError) Unwrap() error { return e.Err }

// IsRow tells whether an error concerns a single row, so that more may follow it.
func IsRow(err error) bool {
	row := (*RowError)(nil)
	return errors.As(err, &row)
}

// fileError is an error of a list as a whole.
func fileError(file string, err error) error {
	return fmt.Errorf("list %s: %w", file, video.Reason(err))
}
