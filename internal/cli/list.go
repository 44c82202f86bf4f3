package cli

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"videomae/dataset/lists"
	"videomae/dataset/pack"
)

// listOptions are what list was asked for.
type listOptions struct {
	from, to, out       string
	root, labels, files string
	pictures            string
	number              int
	only                string
	rename              []string
	exclude             string
	anywhere, dropLost  bool
	json                bool
}

func newList(s Streams) *cobra.Command {
	o := listOptions{}
	c := &cobra.Command{
		Use:   "list SOURCE",
		Short: "Read any list of videos, say what is in it, and convert it",
		Long: `Recognise a list of videos or a folder, count its rows, classes, splits and missing files, and with --out write it in another form.

Kinds: csv (path,label,split under a header), official ("path label", or a folder with train.csv, val.csv and test.csv of it), pretrain
("path 0 -1", or "folder first count" for pictures) and frames ("folder count label") of VideoMAE's second version, kinetics (annotation
CSV), ssv2 (JSON), ucf101 and hmdb51 (their split files), ava (boxes), and folders of classes. All but folders can be written, ava from
ava alone. A pack stands for the list it was made of. What can be read here, every --data reads as well.`,
		Example: example(
			"videomae list ucfTrainTestlist --split 2 --root UCF-101 --to csv --out ucf101-2.csv",
			"videomae list kinetics400/annotations --root kinetics400/videos --to official --drop-missing --out k400",
			"videomae list something-something-v2/labels --root 20bn-something-something-v2 --to csv --out ssv2.csv",
			"videomae list my-videos --json"),
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one list or folder (%w)", c.CommandPath(), errUsage)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return list(s, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.from, "from", "auto", "kind of the source")
	f.StringVar(&o.to, "to", "csv", "kind to write")
	f.StringVar(&o.out, "out", "", "file to write, or folder for the kinds of several files; without it the source is only described")
	f.StringVar(&o.root, "root", "", "folder where the source's paths begin (default: where its files are found)")
	f.StringVar(&o.labels, "labels", "", "file with the names of the classes (a name a line, \"1 name\", \"1: name\", JSON, pbtxt)")
	f.StringVar(&o.files, "files", "", `names of the files of a list of ids, as in "{split}/{label}/{id}_{start}_{end}.mp4" (default: found)`)
	f.StringVar(&o.pictures, "pictures", "", `names of the pictures, as in "img_{:05}.jpg", where the folders of a list hold others as well`)
	f.IntVar(&o.number, "split", 1, "which of the splits of UCF101 or HMDB51, 1 to 3")
	f.StringVar(&o.only, "only", "", "take this part alone: train, val, test..., by its old or its new name")
	f.StringArrayVar(&o.rename, "rename", nil, "call a part otherwise, as in test=val")
	f.StringVar(&o.exclude, "exclude", "", "leave out these moments of AVA (\"video,second\" a line)")
	f.BoolVar(&o.dropLost, "drop-missing", false, "leave out rows whose file is not there")
	f.BoolVar(&o.anywhere, "skip-files", false, "do not look whether the files are there")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	return c
}

func list(s Streams, path string, o listOptions) error {
	to, err := lists.ParseKind(o.to)
	if err == nil && to == lists.Auto {
		err = errors.New("--to needs a kind to write")
	}
	from, err2 := lists.ParseKind(o.from)
	renamed, err3 := o.renames()
	if err := errors.Join(err, err2, err3); err != nil {
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	source, err := o.open(path, from)
	if err != nil {
		return err
	}
	o.anywhere = o.anywhere || source.Kind == lists.Pack && o.root == "" // nothing but a root tells where its videos were
	found := o.survey(source, renamed)
	if err := o.surveyBoxes(source, &found); err != nil {
		return err
	}
	found.print(s, source, o)
	if o.out != "" {
		if found.Bad > 0 {
			return fmt.Errorf("%s: %d rows are broken; nothing was written", path, found.Bad)
		}
		if found.Written, err = o.write(s, source, to, found, renamed); err != nil {
			return err
		}
	}
	if o.json {
		return printJSON(s.Out, found)
	}
	switch len(found.Written) {
	case 0:
	case 1:
		fmt.Fprintln(s.Out, found.Written[0])
	default:
		fmt.Fprintf(s.Out, "%s (%d files)\n", o.out, len(found.Written))
	}
	if found.Bad > 0 {
		return fmt.Errorf("%s: %d rows are broken", path, found.Bad)
	}
	return nil
}

// open recognises the source.
func (o listOptions) open(path string, kind lists.Kind) (*lists.Source, error) {
	how := lists.Options{Kind: kind, Root: o.root, Labels: o.labels, Number: o.number, Files: o.files, Pictures: o.pictures}
	if pack.Is(path) {
		return lists.OfPack(path, pack.Items(path), how)
	}
	return lists.Open(path, how)
}

// renames reads the new names of splits.
func (o listOptions) renames() (map[string]string, error) {
	renamed := map[string]string{}
	for _, text := range o.rename {
		before, after, ok := strings.Cut(text, "=")
		if !ok || after == "" {
			return nil, fmt.Errorf("--rename %q is not old=new", text)
		}
		renamed[before] = after
	}
	return renamed, nil
}

// rows are the source's rows as they are to be written: of the part asked for, its name changed, those without a file left out if so
// asked.
func (o listOptions) rows(source *lists.Source, renamed map[string]string) iter.Seq2[lists.Item, error] {
	return func(yield func(lists.Item, error) bool) {
		for item, err := range source.Rows() {
			wanted := o.only == "" || item.Split == o.only
			if name, other := renamed[item.Split]; other && err == nil {
				item.Split = name
				wanted = wanted || name == o.only
			}
			if err == nil && (!wanted || o.dropLost && !o.anywhere && !lists.Exists(item.Path)) {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// excluded reads the moments to leave out.
func (o listOptions) excluded() (map[lists.Moment]bool, error) {
	if o.exclude == "" {
		return nil, nil
	}
	return lists.Moments(o.exclude)
}

// write converts the source.
func (o listOptions) write(s Streams, source *lists.Source, to lists.Kind, found listing, renamed map[string]string) ([]string, error) {
	switch {
	case found.Rows == 0:
		return nil, fmt.Errorf("%s: there is nothing to write", source.Path)
	case to == lists.AVA && source.Kind != lists.AVA:
		return nil, fmt.Errorf("%s: a list of kind %s has no boxes for one of kind ava", source.Path, source.Kind)
	case to == lists.AVA:
		without, err := o.excluded()
		if err != nil {
			return nil, err
		}
		return lists.WriteBoxes(o.out, source.Boxes(), without)
	case len(found.Splits) > 1 && slices.Contains([]lists.Kind{lists.Official, lists.Pretrain, lists.Frames}, to) && filepath.Ext(o.out) != "" && !isDir(o.out):
		return nil, fmt.Errorf("a file of kind %s has no splits, and the source has %s: give a folder to --out, or one split to --only", to, countNames(found.Splits))
	}
	form := lists.Form{Kind: to, Labels: source.Labels, Number: o.number, Parts: found.parts, Names: !source.Found && o.root == ""}
	if form.Labels == nil && named(found.classes) {
		l := lists.LabelsOf(found.classes)
		form.Labels = &l
	}
	if to != lists.CSV && found.spaced {
		fmt.Fprintln(s.Err, "note: some paths have spaces, which the official code's reader cannot take")
	}
	return lists.Write(o.out, o.rows(source, renamed), form)
}

// named tells whether classes have names that are no numbers.
func named(classes map[string]bool) bool {
	for name := range classes {
		if n, err := strconv.Atoi(name); err != nil || n < 0 {
			return true
		}
	}
	return false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
