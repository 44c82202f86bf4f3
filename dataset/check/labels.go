package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"videomae/dataset"
)

// mostLabels bounds the table of classes: more different labels are no classes.
const mostLabels = 20_000

// ClassCount is how many rows of a class each split has. Rows that cannot be read are among them.
type ClassCount struct {
	Label  string         `json:"label"` // "" for rows without one
	Rows   int            `json:"rows"`
	Splits map[string]int `json:"splits"`
}

// labels counts rows by class and split.
type labels struct {
	count  map[string]map[string]int
	beyond int // rows whose label no longer found a place
}

func (l *labels) add(label, split string) {
	if l.count == nil {
		l.count = map[string]map[string]int{}
	}
	splits, known := l.count[label]
	if !known {
		if len(l.count) >= mostLabels {
			l.beyond++
			return
		}
		splits = map[string]int{}
		l.count[label] = splits
	}
	splits[split]++
}

// table lists the classes: by number where all are numbers, else by name.
func (l *labels) table() []ClassCount {
	rows := make([]ClassCount, 0, len(l.count))
	for label, splits := range l.count {
		c := ClassCount{Label: label, Splits: splits}
		for _, n := range splits {
			c.Rows += n
		}
		rows = append(rows, c)
	}
	numeric := l.numbers() != nil
	slices.SortFunc(rows, func(a, b ClassCount) int {
		if numeric && a.Label != "" && b.Label != "" {
			x, _ := strconv.Atoi(a.Label) // numbers has read them
			y, _ := strconv.Atoi(b.Label)
			return cmp.Compare(x, y)
		}
		return strings.Compare(a.Label, b.Label)
	})
	return rows
}

// named are the labels that are not empty, in order of text.
func (l *labels) named() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(l.count)), func(s string) bool { return s == "" })
}

// numbers are the labels as numbers, or nil where not all are.
func (l *labels) numbers() []int {
	var all []int
	for _, label := range l.named() {
		n, err := strconv.Atoi(label)
		if err != nil {
			return nil
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// findings are what the classes mean for training. Without any label there is nothing to say: pre-training needs none.
func (l *labels) findings(classes int) []Finding {
	named := l.named()
	if len(named) == 0 {
		return nil
	}
	var all []Finding
	warn := func(code Code, what, effect, remedy string) {
		all = append(all, Finding{Code: code, Level: Warning, What: what, Effect: effect, Remedy: remedy})
	}
	if l.beyond > 0 {
		warn(ManyLabels, fmt.Sprintf("over %d different labels", mostLabels), "they cannot be told as classes", "give classes, or no labels for pre-training")
		return all
	}
	if classes > 0 && l.numbers() == nil && len(named) > classes {
		all = append(all, Finding{Code: TooManyClasses, Level: Error, What: fmt.Sprintf("%d classes, more than the %d asked for", len(named), classes),
			Effect: "fine-tuning cannot use them", Remedy: "merge classes, or ask for more"})
	}
	if n := l.rows(""); n > 0 {
		warn(Unlabelled, fmt.Sprintf("%d rows have no label", n), "pre-training uses them, fine-tuning cannot", "label them, or keep them in a list for pre-training")
	}
	if l.numbers() == nil && slices.ContainsFunc(named, isNumber) {
		i := slices.IndexFunc(named, isNumber)
		j := slices.IndexFunc(named, func(s string) bool { return !isNumber(s) })
		warn(MixedLabels, fmt.Sprintf("some labels are numbers, as %q, others names, as %q", named[i], named[j]), "each counts as a class of its own", "use one or the other")
	}
	if empty := l.empty(classes); empty != "" {
		warn(EmptyClasses, empty, "their outputs are never trained", "number classes without gaps from 0, or add videos")
	}
	return append(all, l.balance(named)...)
}

func isNumber(s string) bool { _, err := strconv.Atoi(s); return err == nil }

// rows is the number of a label's.
func (l *labels) rows(label string) (n int) {
	for _, rows := range l.count[label] {
		n += rows
	}
	return n
}

// empty names the classes without a video.
func (l *labels) empty(classes int) string {
	numbers := l.numbers()
	if numbers == nil {
		if named := len(l.named()); named < classes {
			return fmt.Sprintf("%d classes have videos, of the %d asked for", named, classes)
		}
		return ""
	}
	end := max(classes, numbers[len(numbers)-1]+1)
	var gaps []string
	missing := 0
	for n, i := 0, 0; n < end; n++ {
		for i < len(numbers) && numbers[i] < n {
			i++
		}
		if i == len(numbers) { // the rest, however many
			missing += end - n
			gaps = append(gaps, strconv.Itoa(n)+" and above")
			break
		}
		if numbers[i] == n {
			continue
		}
		missing += numbers[i] - n
		gaps = append(gaps, gap(n, numbers[i]-1))
		n = numbers[i] - 1
	}
	if missing == 0 {
		return ""
	}
	return fmt.Sprintf("%d of the class numbers 0 to %d have no video: %s", missing, end-1, some(gaps))
}

func gap(from, to int) string {
	if from == to {
		return strconv.Itoa(from)
	}
	return fmt.Sprintf("%d to %d", from, to)
}

// some joins names, and says how many more there are.
func some(names []string) string {
	const shown = 8
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// balance compares classes, and splits by their classes.
func (l *labels) balance(named []string) (all []Finding) {
	warn := func(code Code, what, effect, remedy string) {
		all = append(all, Finding{Code: code, Level: Warning, What: what, Effect: effect, Remedy: remedy})
	}
	if len(named) == 1 {
		warn(OneClass, fmt.Sprintf("all labels are %q", named[0]), "a classifier has nothing to tell apart; pre-training does not mind", "add videos of other classes")
		return all
	}
	split := l.trainSplit()
	has := func(split string) func(string) bool {
		return func(label string) bool { return l.count[label][split] > 0 }
	}
	if few, most := l.extremes(named, split); l.count[most][split] > imbalanceLimit*l.count[few][split] {
		warn(Imbalance, fmt.Sprintf("in %s, class %q has %d videos, class %q %d", quoted(split), most, l.count[most][split], few, l.count[few][split]),
			"a classifier prefers the larger; its accuracy over all says little", "add videos, or judge by the mean over classes")
	}
	var unseen, unmeasured []string
	for _, label := range named {
		if !has(split)(label) {
			unseen = append(unseen, label)
		}
		if l.has(dataset.Val) && split != dataset.Val && has(split)(label) && !has(dataset.Val)(label) {
			unmeasured = append(unmeasured, label)
		}
	}
	if len(unseen) > 0 {
		warn(UnseenClasses, fmt.Sprintf("%d classes have no video in %s: %s", len(unseen), quoted(split), some(unseen)),
			"no video of them can be recognised", "put videos of each class in every split")
	}
	if len(unmeasured) > 0 {
		warn(UnmeasuredLabels, fmt.Sprintf("%d classes have no video in %q: %s", len(unmeasured), dataset.Val, some(unmeasured)),
			"nothing tells how well they are recognised", "put videos of each class in every split")
	}
	return all
}

// imbalanceLimit is how many times the videos of another class a class may have.
const imbalanceLimit = 10

func quoted(split string) string {
	if split == "" {
		return "the list"
	}
	return strconv.Quote(split)
}

// has tells whether a split has any row.
func (l *labels) has(split string) bool {
	for _, splits := range l.count {
		if splits[split] > 0 {
			return true
		}
	}
	return false
}

// trainSplit is "train", or if no row is in that, the split with most rows.
func (l *labels) trainSplit() string {
	if l.has(dataset.Train) {
		return dataset.Train
	}
	rows := map[string]int{}
	for _, splits := range l.count {
		for split, n := range splits {
			rows[split] += n
		}
	}
	names := slices.Sorted(maps.Keys(rows))
	return slices.MaxFunc(names, func(a, b string) int { return cmp.Compare(rows[a], rows[b]) })
}

// extremes are, of the classes that a split has, one with the fewest and one with the most videos.
func (l *labels) extremes(named []string, split string) (few, most string) {
	for _, label := range named {
		n := l.count[label][split]
		if n == 0 {
			continue
		}
		if few == "" || n < l.count[few][split] {
			few = label
		}
		if most == "" || n > l.count[most][split] {
			most = label
		}
	}
	return few, most
}
