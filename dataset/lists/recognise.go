package lists

import (
	"bytes"
	"crypto/sha256"
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
	case AVA:
		p.rows = readAVA(file)
	case SSV2:
		return s.addSSV2(file, split)
	case UCF101:
		return s.addUCF(file, split)
	case HMDB51:
		if !hmdbList.MatchString(filepath.Base(file)) {
			return fmt.Errorf("list %s: lists of HMDB51 are named for their class, CLASS_test_split1.txt", file)
		}
		s.addHMDB(file)
		return nil
	default:
		return fmt.Errorf("list %s: a file is not of kind %s", file, kind)
	}
	s.add(p)
	if named := labelsFileOf(file, false); s.Labels == nil && kind.verbatim() && exists(named) {
		return s.readLabels(named)
	}
	return nil
}

// readLabels takes the names of the classes from a file.
func (s *Source) readLabels(file string) error {
	l, err := ReadLabels(file)
	if err == nil {
		s.Labels = &l
	}
	return err
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
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fileError(dir, err)
	}
	kind, splits := folderKind(entries)
	if o.Kind != Auto && o.Kind != kind && (kind != Official || o.Kind == Folders) {
		kind = o.Kind
		if kind != Folders {
			return fmt.Errorf("list %s: holds no list of kind %s", dir, kind)
		}
	}
	s.Kind = kind
	switch kind {
	case UCF101:
		return s.openUCF(dir, o)
	case HMDB51:
		return s.openHMDB(dir, o)
	case SSV2:
		return s.openSSV2(dir, o)
	case Folders:
		s.add(part{file: dir, kind: Folders, rows: readFolder(dir)})
		return nil
	}
	return s.openSplits(dir, splits, o)
}

// folderKind tells which lists a folder holds by the names in it: those of a data set, or any for its splits (Official), which it
// returns; without lists it is a folder of videos.
func folderKind(entries []os.DirEntry) (kind Kind, splits []string) {
	have := map[Kind]bool{}
	names := map[string]bool{}
	jsons, classes := 0, false
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		names[e.Name()] = true
		switch {
		case ucfList.MatchString(e.Name()):
			have[UCF101] = true
		case hmdbList.MatchString(e.Name()):
			have[HMDB51] = true
		case jsonSplit(e.Name()) != "":
			jsons++
		case strings.HasSuffix(e.Name(), "labels.json"):
			classes = true
		}
	}
	have[SSV2] = jsons > 0 && classes
	for _, kind := range []Kind{UCF101, HMDB51, SSV2} {
		if have[kind] {
			return kind, nil
		}
	}
	for _, name := range splitFiles {
		if names[name] {
			splits = append(splits, name)
		}
	}
	if len(splits) > 0 {
		return Official, splits
	}
	return Folders, nil
}

// openSplits adds lists named for splits. A test list that repeats the one for validation, as the official code wants it, is left out.
func (s *Source) openSplits(dir string, names []string, o Options) error {
	s.Kind = o.Kind
	var seen [][sha256.Size]byte
	for _, name := range names {
		file := filepath.Join(dir, name)
		data, err := os.ReadFile(file)
		if err != nil {
			return fileError(file, err)
		}
		sum := sha256.Sum256(data)
		if slices.Contains(seen, sum) {
			continue
		}
		seen = append(seen, sum)
		kind := o.Kind
		if kind == Auto {
			if kind, err = recognise(file); err != nil {
				return fileError(file, err)
			}
		}
		if s.Kind == Auto {
			s.Kind = kind
		}
		split := splitName(strings.TrimSuffix(name, filepath.Ext(name)))
		if err := s.addFile(file, split, kind, o); err != nil {
			return err
		}
	}
	if named := labelsFileOf(dir, true); exists(named) {
		return s.readLabels(named)
	}
	return nil
}
