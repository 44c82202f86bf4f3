package lists

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"os"
	"strings"
)

// errBinary is the reason not to read a file that is no text.
var errBinary = errors.New("is not a text file; give a list of videos (CSV) or a folder")

const (
	byteOrderMark = "\ufeff"
	longestLine   = 1 << 20 // bytes
)

// textLine is a line without the space around it.
type textLine struct {
	text string
	row  int
}

// lines yields the lines of a text file that are not empty.
func lines(file string) iter.Seq2[textLine, error] {
	return func(yield func(textLine, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			yield(textLine{}, fileError(file, err))
			return
		}
		defer f.Close()
		scanner := bufio.NewScanner(f)
		scanner.Buffer(nil, longestLine)
		for row := 1; scanner.Scan(); row++ {
			text := scanner.Text()
			if row == 1 {
				text = strings.TrimPrefix(text, byteOrderMark)
			}
			if strings.IndexByte(text, 0) >= 0 {
				yield(textLine{}, fileError(file, errBinary))
				return
			}
			if text = strings.TrimSpace(text); text != "" && !yield(textLine{text, row}, nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(textLine{}, fileError(file, err))
		}
	}
}

// record is a row of a CSV file. Its fields are good until the next one is read.
type record struct {
	fields []string
	row    int
}

// records yields the rows of a comma-separated file. With fixed, each must have as many fields as the first.
func records(file string, fixed bool) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		f, err := os.Open(file)
		if err != nil {
			yield(record{}, fileError(file, err))
			return
		}
		defer f.Close()
		text := bufio.NewReaderSize(f, 1<<16)
		if start, _ := text.Peek(len(byteOrderMark)); bytes.Equal(start, []byte(byteOrderMark)) {
			_, _ = text.Discard(len(byteOrderMark)) // just peeked at
		}
		r := csv.NewReader(text)
		r.ReuseRecord = true
		if !fixed {
			r.FieldsPerRecord = -1
		}
		for {
			fields, err := r.Read()
			broken := (*csv.ParseError)(nil)
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &broken):
				if !yield(record{}, &RowError{file, broken.StartLine, broken.Err}) {
					return
				}
				continue
			case err != nil:
				yield(record{}, fileError(file, err))
				return
			}
			row, _ := r.FieldPos(0)
			if !yield(record{fields, row}, nil) {
				return
			}
		}
	}
}

// shorten cuts a line for a message.
func shorten(line string) string {
	if r := []rune(line); len(r) > 80 {
		return string(r[:80]) + "..."
	}
	return line
}
