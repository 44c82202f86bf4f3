// Lists in the form that a data set is published in.

package lists

import (
	"encoding/json"
	"fmt"
	"iter"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// stem is the last part of a name, without its ending.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// kineticsName is how Kinetics' clips are named: id, begin and end.
var kineticsName = regexp.MustCompile(`^(.+)_(\d{6})_(\d{6})$`)

func kineticsFields(_ *target, item Item) ([]string, error) {
	m := kineticsName.FindStringSubmatch(stem(item.Name))
	if m == nil {
		return nil, fmt.Errorf("its name is not id_SSSSSS_SSSSSS, which would tell the seconds where it begins and ends")
	}
	start, _ := strconv.Atoi(m[2]) // six digits
	end, _ := strconv.Atoi(m[3])
	split := item.Split
	if split == "val" {
		split = "validate"
	}
	return []string{item.Label, m[1], strconv.Itoa(start), strconv.Itoa(end), split}, nil
}

// jsonWriter writes Something-Something's form: an array for each split, and the labels.
type jsonWriter struct{}

func (*jsonWriter) begin(*target) error { return nil }

func (*jsonWriter) row(t *target, item Item) error {
	name, known := map[string]string{"train": "train.json", "val": "validation.json", "test": "test.json"}[item.Split]
	if !known {
		return fmt.Errorf("split %q is none of train, val, test", item.Split)
	}
	begun := t.made[path.Join(t.out, name)] != nil
	file, err := t.file(name)
	if err != nil {
		return err
	}
	text, err := json.Marshal(struct {
		ID       string `json:"id"`
		Template string `json:"template,omitempty"`
	}{stem(item.Name), item.Label})
	if err != nil {
		return err
	}
	separator := ",\n"
	if !begun {
		separator = "[\n"
	}
	_, err = fmt.Fprintf(file, "%s%s", separator, text)
	return err
}

func (*jsonWriter) end(t *target) error {
	for _, file := range t.made {
		if _, err := file.WriteString("\n]\n"); err != nil {
			return err
		}
	}
	if t.Labels == nil {
		return nil
	}
	numbers := map[string]string{}
	for i, name := range t.Labels.Names() {
		numbers[name] = strconv.Itoa(i)
	}
	text, err := json.MarshalIndent(numbers, "", "  ")
	if err != nil {
		return err
	}
	file, err := t.file("labels.json")
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	return err
}

// ucfWriter writes UCF101's form: paths with the class as folder, numbers from 1, and the classes.
type ucfWriter struct{}

func (ucfWriter) begin(t *target) error {
	if t.Labels == nil {
		return fmt.Errorf("lists of kind %s need the names of the classes (--labels)", t.Kind)
	}
	for i, name := range t.Labels.Names() {
		if strings.ContainsAny(name, "/ ") {
			return fmt.Errorf("class %q cannot be the folder of a %s list: it has a space or a slash", name, t.Kind)
		}
		file, err := t.file(ucfClasses)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(file, "%d %s\n", i+1, name); err != nil {
			return err
		}
	}
	return nil
}

func (ucfWriter) row(t *target, item Item) error {
	class, err := t.Labels.Place(item.Label)
	if err != nil {
		return err
	}
	name := item.Label + "/" + path.Base(item.Name)
	switch item.Split {
	case "train":
		file, err := t.file(fmt.Sprintf("trainlist%02d.txt", t.Number))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(file, "%s %d\n", name, class+1)
		return err
	case "val", "test":
		file, err := t.file(fmt.Sprintf("testlist%02d.txt", t.Number))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(file, "%s\n", name)
		return err
	}
	return fmt.Errorf("split %q is neither train nor test", item.Split)
}

func (ucfWriter) end(*target) error { return nil }

// hmdbWriter writes HMDB51's form: a file for each class.
type hmdbWriter struct{}

func (hmdbWriter) begin(*target) error { return nil }

func (hmdbWriter) row(t *target, item Item) error {
	use, known := map[string]int{"train": 1, "val": 2, "test": 2}[item.Split]
	if !known {
		return fmt.Errorf("split %q is neither train nor test", item.Split)
	}
	if item.Label == "" || item.Label != path.Base(item.Label) {
		return fmt.Errorf("class %q cannot name a file", item.Label)
	}
	file, err := t.file(fmt.Sprintf("%s_test_split%d.txt", item.Label, t.Number))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s %d\n", path.Base(item.Name), use)
	return err
}

func (hmdbWriter) end(*target) error { return nil }

// WriteBoxes writes an AVA list, but for the moments left out.
func WriteBoxes(out string, boxes iter.Seq2[Box, error], without map[Moment]bool) ([]string, error) {
	o := &outputs{}
	file, err := o.create(out)
	for b, failed := range boxes {
		if err == nil {
			err = failed
		}
		if err != nil {
			break
		}
		if without[Moment{b.Video, b.Second}] {
			continue
		}
		person := ""
		if b.Person >= 0 {
			person = fmt.Sprintf(",%d", b.Person)
		}
		_, err = fmt.Fprintf(file, "%s,%04d,%s,%s,%s,%s,%d%s\n", b.Video, b.Second, share(b.X1), share(b.Y1), share(b.X2), share(b.Y2), b.Class, person)
	}
	return o.finish(err)
}

// share writes a number with all its digits, three at least, as AVA has them.
func share(x float64) string {
	least := strconv.FormatFloat(x, 'f', 3, 64)
	if all := strconv.FormatFloat(x, 'f', -1, 64); len(all) > len(least) {
		return all
	}
	return least
}
