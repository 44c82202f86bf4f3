package lists

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"videomae/video"
)

// Kind is a form of list.
type Kind string

// The forms of list.
const (
	Auto     Kind = ""         // look at the file
	CSV      Kind = "csv"      // rows under a header with the column path, and perhaps label and split
	Official Kind = "official" // "path label", or "path 0 -1"; a folder with train.csv, val.csv, test.csv of any of the forms
	Pretrain Kind = "pretrain" // of the second version: "path 0 -1", or "folder first count" for pictures
	Frames   Kind = "frames"   // of the second version: "folder count label"
	Kinetics Kind = "kinetics" // rows under a header with youtube_id, time_start, time_end, and perhaps label and split
	SSV2     Kind = "ssv2"     // Something-Something: JSON of videos with id and template, beside one of labels
	UCF101   Kind = "ucf101"   // folder with trainlist01.txt, testlist01.txt, classInd.txt, or one such list
	HMDB51   Kind = "hmdb51"   // folder with CLASS_test_split1.txt, or one such list
	AVA      Kind = "ava"      // boxes: "video,second,x1,y1,x2,y2,class,person"; each video is one item
	Folders  Kind = "folders"  // videos and folders of pictures in folders of classes
	Pack     Kind = "pack"     // what a pack was made of (OfPack); it cannot be asked for
)

// Kinds are the forms of list that can be named.
func Kinds() []Kind {
	return []Kind{CSV, Official, Pretrain, Frames, Kinetics, SSV2, UCF101, HMDB51, AVA, Folders}
}

// ParseKind reads a kind's name, "auto" among them.
func ParseKind(name string) (Kind, error) {
	if name == "auto" || name == "" {
		return Auto, nil
	}
	if !slices.Contains(Kinds(), Kind(name)) {
		var names []string
		for _, k := range Kinds() {
			names = append(names, string(k))
		}
		return Auto, fmt.Errorf("unknown kind of list %q (have auto, %s)", name, strings.Join(names, ", "))
	}
	return Kind(name), nil
}

// Options say how a list is to be read.
type Options struct {
	Kind   Kind
	Root   string // folder where its relative paths begin; "" leaves that to the kind (Source.Root)
	Labels string // file with the names of the classes; "" uses the one that comes with the list, if any
	Number int    // which of the splits of UCF101 or HMDB51, 1 to 3; 0 is 1
	Files  string // how files are named for which the list has only ids, as "{label}/{id}_{start}_{end}.mp4"; "" finds out

	Pictures string // names of the pictures, as "img_{:05}.jpg", where the folders of a list hold others as well (video.CutPictures)
}

// Source is a list that has been recognised.
type Source struct {
	Path   string
	Kind   Kind
	Root   string  // where relative paths begin; "" where they are used as they are
	Found  bool    // one of the first rows' files is there
	Files  string  // how files are named, for lists of ids
	Labels *Labels // names of the classes, where the list or a file beside it has them

	parts    []part
	pictures string
}

// part is one file of a source.
type part struct {
	file, split string
	kind        Kind
	rows        iter.Seq2[entry, error]
}

// entry is a row as its list has it: with a name, or with what a file's name is made of.
type entry struct {
	Item
	id         string
	start, end int // seconds
}

// Open recognises a list or folder.
func Open(path string, o Options) (*Source, error) {
	if o.Number < 0 || o.Number > 9 {
		return nil, fmt.Errorf("list %s: split number %d; UCF101 and HMDB51 have 1 to 3", path, o.Number)
	}
	o.Number = max(1, o.Number)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, video.Reason(err))
	}
	if _, _, ok := video.CutPictures(o.Pictures); o.Pictures != "" && !ok {
		return nil, fmt.Errorf("list %s: names of pictures %q have no place for the number and an ending, as img_{:05}.jpg", path, o.Pictures)
	}
	s := &Source{Path: path, Kind: o.Kind, Root: o.Root, Files: o.Files, pictures: o.Pictures}
	if info.IsDir() {
		err = s.openFolder(path, o)
	} else {
		err = s.openFile(path, o)
	}
	if err != nil {
		return nil, err
	}
	if o.Labels != "" {
		if err := s.readLabels(o.Labels); err != nil {
			return nil, err
		}
	}
	s.place()
	return s, nil
}

// OfPack is the list that a pack was made of, from the pack's items: their files are those that they are named for, below o's root.
func OfPack(path string, items iter.Seq2[Item, error], o Options) (*Source, error) {
	s := &Source{Path: path, Kind: Pack, Root: o.Root}
	s.add(part{file: path, kind: Pack, rows: func(yield func(entry, error) bool) {
		for item, err := range items {
			if !yield(entry{Item: item}, err) {
				return
			}
		}
	}})
	if o.Labels == "" {
		return s, nil
	}
	return s, s.readLabels(o.Labels)
}

// add appends a file to the source.
func (s *Source) add(p part) { s.parts = append(s.parts, p) }

// Rows yields the items in the order of the list. An error of one row (IsRow) does not end it, another does. Repeating the loop reads
// the list again.
func (s *Source) Rows() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, p := range s.parts {
			for e, err := range p.rows {
				if err == nil {
					err = s.complete(p, &e)
				}
				if err != nil {
					if !yield(Item{}, err) || !IsRow(err) {
						return
					}
					continue
				}
				if !yield(e.Item, nil) {
					return
				}
			}
		}
	}
}

// complete gives an entry its split, its class's name, its file's name and its path.
func (s *Source) complete(p part, e *entry) error {
	if e.Split == "" {
		e.Split = p.split
	}
	if err := s.label(p, e); err != nil {
		return &RowError{p.file, e.Row, err}
	}
	s.name(e)
	e.Path = s.path(p.kind, *e)
	return nil
}

// name gives an entry the name of its file or pictures.
func (s *Source) name(e *entry) {
	if e.Name == "" {
		e.Name = fileName(s.Files, *e)
	}
	if e.Count > 0 && s.pictures != "" {
		e.Name += "/" + s.pictures
	}
}

// label turns a class number into its name, and a name into its spelling in the label map.
func (s *Source) label(p part, e *entry) (err error) {
	if s.Labels == nil || e.Label == "" {
		return nil
	}
	if p.kind == Official || p.kind == Frames {
		if n, number := strconv.Atoi(e.Label); number == nil {
			e.Label, err = s.Labels.At(n)
			return err
		}
	}
	e.Label, err = s.Labels.spelled(e.Label)
	return err
}

// verbatim tells whether a kind's paths are used as they are, unless a root is given.
func (k Kind) verbatim() bool { return k == Official || k == Pretrain || k == Frames }

// path is where an entry's file is.
func (s *Source) path(kind Kind, e entry) string {
	name := e.Name
	if s.Root != "" && !filepath.IsAbs(name) {
		name = filepath.Join(s.Root, filepath.FromSlash(name))
	}
	if kind.verbatim() && e.Count == 0 {
		return withExtension(name)
	}
	return name
}
