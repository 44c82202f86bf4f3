package lists

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// openFile adds the one file that a source is.
func (s *Source) openFile(file string, o Options) error {
	if s.Kind == Auto {
		kind, err := recognise(file)
		if err != nil {
			return fileError(file, err)
		}
		s.Kind = kind
	}
	return s.addFile(file, "", s.Kind, o)
}

// addFile adds a file of a kind. The split of its rows, where they have none, is the given one or what the file's name says.
func (s *Source) addFile(file, split string, kind Kind, o Options) error {
	p := part{file: file, split: split, kind: kind}
	switch kind {
	case CSV:
		p.rows = readCSV(file)
	case Official:
		p.rows = readLines(file, officialRow)
	case Pretrain:
		p.rows = readLines(file, pretrainRow)
	case Frames:
		p.rows = readLines(file, framesRow)
	case Kinetics:
		p.rows = readKinetics(file)
	default:
		return fmt.Errorf("list %s: a file is not of kind %s", file, kind)
	}
	s.add(p)
	return nil
}

// looked is how many bytes of a file tell its kind.
const looked = 1 << 16

// head reads a file's beginning without its last, cut line.
func head(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, looked))
	if err != nil {
		return nil, err
	}
	if i := bytes.LastIndexByte(data, '\n'); i >= 0 && len(data) == looked {
		data = data[:i]
	}
	return bytes.TrimPrefix(data, []byte(byteOrderMark)), nil
}

var (
	ucfList  = regexp.MustCompile(`^(train|test)list(\d+)\.txt$`)
	hmdbList = regexp.MustCompile(`^(.+)_test_split(\d+)\.txt$`)
)

// recognise tells a file's kind by its name and its first lines.
func recognise(file string) (Kind, error) {
	data, err := head(file)
	if err != nil {
		return Auto, err
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return Auto, errBinary
	}
	name := filepath.Base(file)
	switch {
	case ucfList.MatchString(name):
		return UCF101, nil
	case hmdbList.MatchString(name):
		return HMDB51, nil
	}
	return recogniseText(data)
}

// recogniseText tells the kind of a list by its beginning. What is none of the others counts as official, whose reader says what is
// wrong with it.
func recogniseText(data []byte) (Kind, error) {
	text := strings.TrimSpace(string(data))
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
		return SSV2, nil
	}
	first, _ := csv.NewReader(strings.NewReader(text)).Read() // where this fails, the list is of another form
	header := newColumns(first)
	switch {
	case header.find("path") >= 0:
		return CSV, nil
	case header.find("youtube_id") >= 0:
		return Kinetics, nil
	case isAVA(first):
		return AVA, nil
	}
	return recogniseNumbers(text)
}

// recogniseNumbers tells apart the forms of lines that end in numbers.
func recogniseNumbers(text string) (Kind, error) {
	rows, folders, smallFirst, smallLast := 0, 0, true, true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasSuffix(line, " 0 -1") {
			continue
		}
		rows++
		e, a, b, err := folderRow(line)
		if err != nil || isVideo(e.Name) {
			continue
		}
		folders++
		smallFirst = smallFirst && a <= 1
		smallLast = smallLast && b <= 1
	}
	switch {
	case folders == 0 || folders < rows:
		if rows == 0 && strings.Contains(text, " 0 -1") {
			return Pretrain, nil
		}
		return Official, nil
	case smallFirst && !smallLast:
		return Pretrain, nil
	case smallFirst:
		return Auto, errors.New("its lines could be \"folder first count\" or \"folder count label\": say --from pretrain or --from frames")
	}
	return Frames, nil
}

// isAVA tells whether a row is "video,second,x1,y1,x2,y2,class" and perhaps a person.
func isAVA(fields []string) bool {
	if len(fields) != 7 && len(fields) != 8 {
		return false
	}
	for _, f := range fields[1:] {
		if _, err := strconv.ParseFloat(f, 64); err != nil {
			return false
		}
	}
	return true
}

// splitFiles are the lists that a folder has for its splits, in the order of reading.
var splitFiles = []string{"train.csv", "val.csv", "validate.csv", "validation.csv", "test.csv", "train.txt", "val.txt", "test.txt"}

// openFolder adds the lists that a folder holds, or else the videos in it.
func (s *Source) openFolder(dir string, o Options) error {
	var lists []string
	for _, name := range splitFiles {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			lists = append(lists, filepath.Join(dir, name))
		}
	}
	if s.Kind != Folders && len(lists) > 0 {
		return s.openSplits(lists, o)
	}
	if s.Kind != Auto && s.Kind != Folders {
		return fmt.Errorf("list %s: holds no list of kind %s", dir, s.Kind)
	}
	s.Kind = Folders
	s.add(part{file: dir, kind: Folders, rows: readFolder(dir)})
	return nil
}

// openSplits adds lists named for splits. A test list that repeats the one for validation, as the official code wants it, is left out.
func (s *Source) openSplits(files []string, o Options) error {
	var seen [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return fileError(file, err)
		}
		if slices.ContainsFunc(seen, func(b []byte) bool { return bytes.Equal(b, data) }) {
			continue
		}
		seen = append(seen, data)
		kind := o.Kind
		if kind == Auto {
			if kind, err = recognise(file); err != nil {
				return fileError(file, err)
			}
		}
		if s.Kind == Auto {
			s.Kind = kind
		}
		split := splitName(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
		if err := s.addFile(file, split, kind, o); err != nil {
			return err
		}
	}
	return s.labelsBeside(filepath.Dir(files[0]))
}

// labelsFile is the name of a label map beside lists with numbers.
const labelsFile = "labels.txt"

// labelsBeside reads the label map of a folder of lists, if there is one.
func (s *Source) labelsBeside(dir string) error {
	file := filepath.Join(dir, labelsFile)
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	l, err := ReadLabels(file)
	if err == nil {
		s.Labels = &l
	}
	return err
}
