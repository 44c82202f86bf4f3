package lists

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomae/internal/given"
	"videomae/video"
)

// tree writes files (name: content) into a new folder. A name that ends in a slash is a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		folder := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			folder = path
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if folder == path {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read reads a source whole; it must be sound.
func read(t *testing.T, path string, o Options) (*Source, []Item) {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	var items []Item
	for item, err := range s.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return s, items
}

// brief is what of an item the tests below compare.
func brief(items []Item) (lines []string) {
	for _, i := range items {
		lines = append(lines, fmt.Sprintf("%s|%s|%s|%d+%d|%d", i.Name, i.Label, i.Split, i.First, i.Count, i.Row))
	}
	return lines
}

// samples are one list of each kind, as people have them, and what is in it.
var samples = map[string]struct {
	files map[string]string
	open  string // of the files; "" is the folder
	kind  Kind
	want  []string
}{
	"csv": {map[string]string{"a.csv": "split,path,label,first_picture,pictures\nval,x/b.mp4,\"run, fast\",,\ntrain,f,jump,3,20\n"}, "a.csv", CSV,
		[]string{"x/b.mp4|run, fast|val|0+0|2", "f|jump|train|3+20|3"}},
	"official": {map[string]string{"a.csv": "x/with space 1.mp4 12\r\n\r\ny.mp4\t3\nz.mp4,0\n"}, "a.csv", Official,
		[]string{"x/with space 1.mp4|12||0+0|1", "y.mp4|3||0+0|3", "z.mp4|0||0+0|4"}},
	"official with names": {map[string]string{"a.csv": "x.mp4 1\n", "a.labels.txt": "jump\nrun\n"}, "a.csv", Official, []string{"x.mp4|run||0+0|1"}},
	"official folder": {map[string]string{"train.csv": "x.mp4 1\n", "val.csv": "y.mp4 0\n", "test.csv": "y.mp4 0\n", "labels.txt": "jump\nrun\n"}, "", Official,
		[]string{"x.mp4|run|train|0+0|1", "y.mp4|jump|val|0+0|1"}},
	"pretrain videos": {map[string]string{"a.csv": "x.mp4 0 -1\ny.mp4 0 -1\n"}, "a.csv", Pretrain, []string{"x.mp4|||0+0|1", "y.mp4|||0+0|2"}},
	"pretrain folders": {map[string]string{"a.csv": "f/1 1 200\nx.mp4 0 -1\nf/2 1 30\n"}, "a.csv", Pretrain,
		[]string{"f/1|||1+200|1", "x.mp4|||0+0|2", "f/2|||1+30|3"}},
	"frames": {map[string]string{"a.txt": "f/1 163 1\nf/2 98 0\n"}, "a.txt", Frames, []string{"f/1|1||1+163|1", "f/2|0||1+98|2"}},
	"kinetics": {map[string]string{"k.csv": "label,youtube_id,time_start,time_end,split,is_cc\nair drumming,-_ab,5,15,train,0\nabseiling,cd,120,130,validate,0\n"}, "k.csv", Kinetics,
		[]string{"-_ab_000005_000015.mp4|air drumming|train|0+0|2", "cd_000120_000130.mp4|abseiling|val|0+0|3"}},
	"kinetics test": {map[string]string{"k.csv": "youtube_id,time_start,time_end,split\ncd,120.0,130.0,test\n"}, "k.csv", Kinetics, []string{"cd_000120_000130.mp4||test|0+0|2"}},
	"kinetics in folders": {map[string]string{"k/train.csv": "label,youtube_id,time_start,time_end,split\nair drumming,ab,5,15,train\n", "videos/train/air_drumming/ab_000005_000015.mp4": ""},
		"k", Kinetics, []string{"train/air_drumming/ab_000005_000015.mp4|air drumming|train|0+0|2"}},
	"ssv2": {map[string]string{
		"s/labels.json":     `{"Holding something": "0", "Moving something up": "1"}`,
		"s/train.json":      `[{"id":"78687","label":"holding potato","template":"Holding [something]","placeholders":["potato"]},` + "\n" + `{"id":"5","template":"Moving [something] up"}]`,
		"s/validation.json": `[]`, "s/test.json": `[{"id":"9"}]`, "v/5.webm": ""}, "s", SSV2,
		[]string{"78687.webm|Holding something|train|0+0|1", "5.webm|Moving something up|train|0+0|2", "9.webm||test|0+0|1"}},
	"ucf101": {map[string]string{"u/classInd.txt": "1 Apply\n2 Bow\n", "u/trainlist01.txt": "Apply/v_1.avi 1\nBow/v_2.avi 2\n", "u/testlist01.txt": "Bow/v_3.avi\n", "u/trainlist02.txt": "x"}, "u", UCF101,
		[]string{"Apply/v_1.avi|Apply|train|0+0|1", "Bow/v_2.avi|Bow|train|0+0|2", "Bow/v_3.avi|Bow|test|0+0|1"}},
	"ucf101 list": {map[string]string{"testlist03.txt": "Bow/v_3.avi\n"}, "testlist03.txt", UCF101, []string{"Bow/v_3.avi|Bow|test|0+0|1"}},
	"hmdb51": {map[string]string{"h/draw_sword_test_split1.txt": "a b#.avi 1 \nc.avi 0 \nd.avi 2 \n", "h/wave_test_split1.txt": "e.avi 2\n", "h/wave_test_split2.txt": "e.avi 1\n"}, "h", HMDB51,
		[]string{"draw_sword/a b#.avi|draw_sword|train|0+0|1", "draw_sword/d.avi|draw_sword|test|0+0|3", "wave/e.avi|wave|test|0+0|1"}},
	"ava":     {map[string]string{"a.csv": "v1,0902,0.1,0.2,0.3,0.4,12,0\nv1,0903,0.1,0.2,0.3,0.4,12,0\nv2,0902,0,0,1,1,80,1\n"}, "a.csv", AVA, []string{"v1.mp4|||0+0|1", "v2.mp4|||0+0|3"}},
	"folders": {map[string]string{"run/a.MP4": "", "run/notes.txt": "", "jump/seq/img_1.jpg": ""}, "", Folders, []string{"jump/seq|jump||0+0|0", "run/a.MP4|run||0+0|0"}},
	"folders of splits": {map[string]string{"train/run/a.mp4": "", "validation/run/b.mp4": "", "test/c.mp4": ""}, "", Folders,
		[]string{"test/c.mp4||test|0+0|0", "train/run/a.mp4|run|train|0+0|0", "validation/run/b.mp4|run|val|0+0|0"}},
}

func TestEveryKindIsRecognisedAndRead(t *testing.T) {
	for name, c := range samples {
		s, items := read(t, filepath.Join(tree(t, c.files), c.open), Options{})
		if d := cmp.Diff(c.want, brief(items)); s.Kind != c.kind || d != "" {
			t.Errorf("%s: kind %s\n%s", name, s.Kind, d)
		}
	}
}

func TestPathsBeginWhereTheFilesAre(t *testing.T) {
	dir := tree(t, map[string]string{"u/trainlist01.txt": "Apply/v_1.avi 1\n", "u/testlist01.txt": "Apply/v_2.avi\n", "UCF-101/Apply/v_1.avi": "", "other/x/": "",
		"o.csv": "Apply/v_1 1\n", "mp4/Apply/v_1.mp4": "", "k.csv": "label,youtube_id,time_start,time_end\nair drumming,ab,5,15\n", "k/air drumming/ab_000005_000015.mkv": ""})
	for _, c := range []struct {
		list, want string
		o          Options
		found      bool
	}{
		{"u", "UCF-101/Apply/v_1.avi", Options{}, true},
		{"u", "other/Apply/v_1.avi", Options{Root: filepath.Join(dir, "other")}, false},
		{"o.csv", "mp4/Apply/v_1.mp4", Options{Root: filepath.Join(dir, "mp4")}, true},
		{"k.csv", "k/air drumming/ab_000005_000015.mkv", Options{}, true},
		{"k.csv", "k/train-ab.avi", Options{Root: filepath.Join(dir, "k"), Files: "train-{id}.avi"}, false},
	} {
		s, items := read(t, filepath.Join(dir, c.list), c.o)
		if want := filepath.Join(dir, c.want); items[0].Path != want || s.Found != c.found {
			t.Errorf("%s %+v: path %s (found: %v), want %s", c.list, c.o, items[0].Path, s.Found, want)
		}
	}
}

func TestPicturesOfOneKind(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "f/1 2 7\n", "r/f/1/img_1.jpg": "", "r/f/1/flow_1.jpg": "", "r/f/1/img_2.jpg": ""})
	o := Options{Root: filepath.Join(dir, "r"), Pictures: "img_{}.jpg"}
	s, items := read(t, filepath.Join(dir, "a.txt"), o)
	if want := filepath.Join(dir, "r/f/1/img_{}.jpg"); !s.Found || s.Kind != Frames || items[0].Path != want || !Exists(want) {
		t.Fatalf("%+v, found: %v", items, s.Found)
	}
	if start, count, err := items[0].Span(video.Info{Container: video.FolderContainer, Frames: 2}); start != 0 || count != 2 || err != nil {
		t.Errorf("%d from %d, %v", count, start, err)
	}
	for kind, want := range map[Kind]string{CSV: "path,label,split,first_picture,pictures\nr/f/1/img_{}.jpg,7,,1,2\n", Frames: dir + "/r/f/1 2 7\n", Pretrain: dir + "/r/f/1 1 2\n"} {
		out := filepath.Join(dir, "out.csv")
		_, err := Write(out, each(items, nil), Form{Kind: kind, Parts: true})
		if text, _ := os.ReadFile(out); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", kind, text, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "a.txt"), Options{Pictures: "img.jpg"}); err == nil {
		t.Error("names without a number were accepted")
	}
}

func TestBrokenRowsAreNamedAndPassed(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		open   string
		reason string
		sound  int // rows that are read all the same
	}{
		"csv fields":       {map[string]string{"a.csv": "path,label\na,1\nb\nc,3\n"}, "a.csv", "a.csv: row 3: wrong number of fields", 2},
		"csv empty":        {map[string]string{"a.csv": "path,label\n,1\nc,3\n"}, "a.csv", "a.csv: row 2: the path is empty", 1},
		"csv pictures":     {map[string]string{"a.csv": "path,first_picture,pictures\na,1,0\nc,1,3\n"}, "a.csv", `row 2: first_picture "1" and pictures "0"`, 1},
		"csv twice":        {map[string]string{"a.csv": "path,path\na,1\n"}, "a.csv", `row 1: column "path" appears twice`, 0},
		"official":         {map[string]string{"a.csv": "a.mp4 1\nb.mp4 run\nc.mp4 2\n"}, "a.csv", `row 2: "b.mp4 run" is neither`, 2},
		"label range":      {map[string]string{"a.csv": "a.mp4 1\nb.mp4 2\n", "a.labels.txt": "x\ny\n"}, "a.csv", "row 2: class 2 is not one of the 2", 1},
		"pretrain":         {map[string]string{"a.csv": "f/1 1 200\nf/2 1 0\nf/3 1 9\n"}, "a.csv", `row 2: "f/2 1 0": 0 pictures`, 2},
		"frames":           {map[string]string{"a.csv": "f/1 163 1\nf/3 0 4\nf/2 98 0\n"}, "a.csv", `row 2: "f/3 0 4" is not "folder count label"`, 2},
		"kinetics seconds": {map[string]string{"k.csv": "label,youtube_id,time_start,time_end\nx,ab,15,5\nx,cd,5,15\n"}, "k.csv", `row 2: time_start "15" and time_end "5"`, 1},
		"kinetics id":      {map[string]string{"k.csv": "label,youtube_id,time_start,time_end\nx,,5,15\n"}, "k.csv", "row 2: the youtube_id is empty", 0},
		"ssv2 id":          {map[string]string{"train.json": `[{"id":"1"},{"template":"x"},{"id":"../2"},{"id":3}]`}, "train.json", `row 2: a video has the id ""`, 2},
		"ssv2 type":        {map[string]string{"train.json": `[{"id":"1","template":5},{"id":"2"}]`}, "train.json", "row 1: json: cannot unmarshal number", 1},
		"ssv2 class":       {map[string]string{"train.json": `[{"id":"1","template":"Holding [it]"}]`, "labels.json": `{"Moving":"0"}`}, "", `row 1: "Holding it" is not the name of one of the 1 classes, "Moving"`, 0},
		"ucf number": {map[string]string{"trainlist01.txt": "Bow/a.avi 1\nBow/b.avi 2\n", "classInd.txt": "1 Apply\n2 Bow\n"}, "trainlist01.txt",
			"row 1: class 1 is Apply, but the file is in the folder Bow", 1},
		"ucf folder": {map[string]string{"testlist01.txt": "a.avi\nBow/b.avi\n"}, "testlist01.txt", `row 1: "a.avi" is not "Class/file.avi"`, 1},
		"hmdb":       {map[string]string{"wave_test_split1.txt": "a.avi 3\nb.avi 1\n"}, "wave_test_split1.txt", `row 1: "a.avi 3" is not "file.avi N"`, 1},
		"ava box":    {map[string]string{"a.csv": "v,0902,0.1,0.2,0.3,0.4,12,0\nw,0902,0.1,0.2,1.3,0.4,12,0\nx,0902,0.5,0.2,0.3,0.4,1,0\n"}, "a.csv", `row 2: "1.3" is not a share`, 1},
	} {
		s, err := Open(filepath.Join(tree(t, c.files), c.open), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var bad []error
		sound := 0
		for _, err := range s.Rows() {
			if err == nil {
				sound++
				continue
			}
			bad = append(bad, err)
		}
		if len(bad) == 0 || !strings.Contains(bad[0].Error(), c.reason) || !IsRow(bad[0]) || sound != c.sound {
			t.Errorf("%s: %d sound rows and %v; want %d and an error with %q", name, sound, bad, c.sound, c.reason)
		}
	}
}

func TestBrokenListsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		open   string
		o      Options
		reason string
	}{
		"binary":         {map[string]string{"a.csv": "ftyp\x00"}, "a.csv", Options{}, "is not a text file"},
		"missing":        {nil, "none.csv", Options{}, "no such file"},
		"ambiguous":      {map[string]string{"a.csv": "f/1 1 0\nf/2 1 1\n"}, "a.csv", Options{}, "say --from pretrain or --from frames"},
		"cut json":       {map[string]string{"train.json": `[{"id":"1"},{"id"`}, "train.json", Options{}, "row 2: unexpected EOF"},
		"no array":       {map[string]string{"train.json": `{"id":"1"}`}, "train.json", Options{}, "is not a JSON array"},
		"open array":     {map[string]string{"train.json": `[{"id":"1"}`}, "train.json", Options{}, "ends too early"},
		"split number":   {map[string]string{"trainlist01.txt": "", "testlist01.txt": ""}, "", Options{Number: 3}, "has no trainlist03.txt for split 3"},
		"hmdb number":    {map[string]string{"wave_test_split1.txt": ""}, "", Options{Number: 2}, "only numbers [1]"},
		"hmdb name":      {map[string]string{"a.txt": "a.avi 1"}, "a.txt", Options{Kind: HMDB51}, "named for their class"},
		"folder kind":    {map[string]string{"a.mp4": ""}, "", Options{Kind: SSV2}, "holds no list of kind ssv2"},
		"file kind":      {map[string]string{"a.csv": "a 1"}, "a.csv", Options{Kind: Folders}, "a file is not of kind folders"},
		"label twice":    {map[string]string{"a.csv": "a.mp4 1", "a.labels.txt": "x\nx\n"}, "a.csv", Options{}, `class "x" is named twice`},
		"no labels":      {map[string]string{"a.csv": "a.mp4 1", "a.labels.txt": "\n"}, "a.csv", Options{}, "names no classes"},
		"labels not int": {map[string]string{"train.json": "[]", "labels.json": `{"a":"b"}`}, "", Options{}, `class "a" has "b" for a number`},
	} {
		s, err := Open(filepath.Join(tree(t, c.files), c.open), c.o)
		if err == nil {
			for _, failed := range s.Rows() {
				err = errors.Join(err, failed)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.reason) || IsRow(err) {
			t.Errorf("%s: error %v, want one of the whole list with %q", name, err, c.reason)
		}
	}
	if _, err := ParseKind("xml"); err == nil || !strings.Contains(err.Error(), "have auto, csv") {
		t.Errorf("kind xml: %v", err)
	}
}

func TestSpanFindsThePartOfAFolder(t *testing.T) {
	files := map[string]string{}
	for i := 5; i < 25; i++ {
		files[fmt.Sprintf("whole/img_%05d.jpg", i)] = ""
		if i != 15 {
			files[fmt.Sprintf("gap/img_%05d.jpg", i)] = ""
		}
	}
	dir := tree(t, files)
	for _, c := range []struct {
		folder       string
		first, count int
		start        int // -1: an error
	}{{"whole", 5, 20, 0}, {"whole", 7, 3, 2}, {"whole", 4, 3, -1}, {"whole", 20, 6, -1}, {"gap", 5, 10, 0}, {"gap", 10, 8, -1}, {"gap", 16, 9, 10}} {
		item := Item{Path: filepath.Join(dir, c.folder), First: c.first, Count: c.count}
		start, count, err := item.Span(video.Info{Container: video.FolderContainer, Frames: 20})
		if (err == nil) != (c.start >= 0) || err == nil && (start != c.start || count != c.count) {
			t.Errorf("%+v: %d frames from %d, %v", c, count, start, err)
		}
	}
	if start, count, err := (Item{}).Span(video.Info{Frames: 9}); start != 0 || count != 9 || err != nil {
		t.Errorf("whole video: %d from %d, %v", count, start, err)
	}
	if _, _, err := (Item{Count: 3}).Span(video.Info{Container: "avi", Frames: 9}); err == nil {
		t.Error("a part of a video file was accepted")
	}
}

func TestReadingStopsWhenTheLoopDoes(t *testing.T) {
	for name, c := range samples {
		s, err := Open(filepath.Join(tree(t, c.files), c.open), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a loop that is left, and another
			for item, err := range s.Rows() {
				if err != nil || item.Name == "" {
					t.Errorf("%s: %+v, %v", name, item, err)
				}
				break
			}
		}
	}
}

// TestPublishedLists reads the lists of real data sets, whose sizes are those their authors state.
func TestPublishedLists(t *testing.T) {
	for _, c := range []struct {
		list         string
		train, test  int
		classes      int
		first, label string
	}{
		{"ucf101", 9537, 3783, 101, "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi", "ApplyEyeMakeup"},
		{"hmdb51_splits", 3570, 1530, 51, "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi", "brush_hair"},
	} {
		_, items := read(t, given.Clips(t, "annotations", c.list), Options{})
		splits, classes := map[string]int{}, map[string]bool{}
		for _, item := range items {
			splits[item.Split]++
			classes[item.Label] = true
		}
		if splits["train"] != c.train || splits["test"] != c.test || len(splits) != 2 || len(classes) != c.classes || items[0].Name != c.first || items[0].Label != c.label {
			t.Errorf("%s: %v, %d classes, first %+v", c.list, splits, len(classes), items[0])
		}
	}
	for file, classes := range map[string]int{"kinetics/label_map_k400.txt": 400, "sthv2/label_map.txt": 174, "ava/label_map.txt": 60, "hmdb51/label_map.txt": 51, "jester/label_map.txt": 27} {
		l, err := ReadLabels(given.Clips(t, "annotations", "label_maps", file))
		if err != nil || l.Len() != classes {
			t.Errorf("%s: %d classes, %v", file, l.Len(), err)
		}
	}
}

func TestPublishedBoxes(t *testing.T) {
	for _, file := range []string{given.Clips(t, "annotations", "ava", "ava_sample.csv"), given.Golden(t, "pipeline", "ava", "main", "gt.csv")} {
		n := 0
		for b, err := range Boxes(file) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			if b.Class > 80 || b.Row != n || b.Second < 900 || b.Second > 1800 {
				t.Errorf("%s: %+v", file, b)
			}
		}
		if n == 0 {
			t.Errorf("%s: no boxes", file)
		}
	}
	moments, err := Moments(given.Clips(t, "annotations", "ava", "ava_excluded_timestamps_sample.csv"))
	if err != nil || !moments[Moment{"0f39OWEqJ24", 903}] || len(moments) != 2 {
		t.Errorf("%v, %v", moments, err)
	}
}

func TestLabels(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		ids   []int
		names []string
	}{
		"lines":       {"b c\na\n\n", []int{0, 1}, []string{"b c", "a"}},
		"numbered":    {"1 Apply\n2 Bow\n", []int{1, 2}, []string{"Apply", "Bow"}},
		"with colons": {"\ufeff3: crouch/kneel\n1: bend/bow (at the waist)\n", []int{1, 3}, []string{"bend/bow (at the waist)", "crouch/kneel"}},
		"csv":         {"id,name\n0,abseiling\n1,\"a, b\"\n", []int{0, 1}, []string{"abseiling", "a, b"}},
		"json":        {`{"b":"0","a":1}`, []int{0, 1}, []string{"b", "a"}},
		"pbtxt":       {"item {\n  name: \"bend\"\n  id: 1\n}\nitem {\n  name: \"sit \\\"x\\\"\"\n  id: 11\n}\n", []int{1, 11}, []string{"bend", `sit "x"`}},
		"pbtxt 2.1":   {"label {\n  name: \"bend\"\n  label_id: 1\n  label_type: PERSON_MOVEMENT\n}\n", []int{1}, []string{"bend"}},
		"some digits": {"3 men\nrun\n", []int{0, 1}, []string{"3 men", "run"}},
	} {
		l, err := parseLabels([]byte(c.text))
		if err != nil || !slices.Equal(l.ids, c.ids) || !slices.Equal(l.Names(), c.names) {
			t.Errorf("%s: %v %q, %v", name, l.ids, l.Names(), err)
			continue
		}
		for place, id := range c.ids {
			at, err1 := l.At(place)
			said, err2 := l.Name(id)
			back, err3 := l.Place(c.names[place])
			if at != c.names[place] || said != at || back != place || errors.Join(err1, err2, err3) != nil {
				t.Errorf("%s: class %d is %q, %q, %d, %v %v %v", name, id, at, said, back, err1, err2, err3)
			}
		}
	}
	twice, err := parseLabels([]byte("item { name: \"a\" id: 7 } item { name: \"a\" id: 8 }"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twice.Place("a"); err == nil || !strings.Contains(err.Error(), "7 and 8") {
		t.Errorf("a name of two classes: %v", err)
	}
	if l := LabelsOf(map[string]bool{"10": true, "9": true}); !slices.Equal(l.ids, []int{9, 10}) {
		t.Errorf("numbers become %v", l.ids)
	}
	if l := LabelsOf(map[string]bool{"10": true, "run": true}); !slices.Equal(l.Names(), []string{"10", "run"}) {
		t.Errorf("names become %v", l.Names())
	}
}
