package lists

import (
	"os"
	"path/filepath"
	"testing"
)

// fuzzFile feeds a file of a name to the reader of every row. Whatever it holds, each row is an item with a name or an error, and a
// row's error is of a row that exists.
func fuzzFile(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(file, Options{})
		if err != nil {
			return
		}
		for item, err := range s.Rows() {
			if err == nil && (item.Name == "" || item.Path == "" || item.Row < 1 || item.Count < 0) {
				t.Fatalf("%s gave %+v", s.Kind, item)
			}
			if err != nil && item != (Item{}) {
				t.Fatalf("%+v beside %v", item, err)
			}
		}
	})
}

func FuzzLists(f *testing.F) {
	fuzzFile(f, "a.csv", "path,label,split\na.mp4,run,train\n", "a.mp4 0\nb 1\n", "a.mp4 0 -1\n", "\"path\",x\n\"a\n", "\ufeffpath\na\n", " 1\n", "path\n", "f/1 1 20\n", "f/1 20 3\n",
		"label,youtube_id,time_start,time_end,split\nx,ab,5,15,train\n", "v,0902,0.1,0.2,0.3,0.4,12,0\n", "[{\"id\":\"1\",\"template\":\"a [b]\"}]", "path,first_picture,pictures\na,1,2\n")
}

func FuzzSSV2(f *testing.F) {
	fuzzFile(f, "train.json", `[{"id":"1","template":"Holding [it]"},{"id":2}]`, `[`, `[]`, `[{"id":"1"},`, `[[]]`, `[null, 3]`, `{}`)
}

func FuzzUCF101(f *testing.F) {
	fuzzFile(f, "trainlist01.txt", "Apply/v_1.avi 1\n", "Apply/v_1.avi\n", "/ 1\n", "a.avi 1\n")
}

func FuzzHMDB51(f *testing.F) {
	fuzzFile(f, "wave_test_split1.txt", "a b.avi 1 \n", "a.avi 0\nb.avi 2\n", " 1\n", "1\n")
}

func FuzzBoxes(f *testing.F) {
	f.Add([]byte("v,0902,0.1,0.2,0.3,0.4,12,0\n"))
	f.Add([]byte("v,902.0,0,0,1,1,80\n\"\n,,,,,,,"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(dir, "a.csv")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for b, err := range Boxes(file) {
			if err == nil && !(b.Video != "" && b.X1 >= 0 && b.X2 >= b.X1 && b.X2 <= 1 && b.Y1 >= 0 && b.Y2 >= b.Y1 && b.Y2 <= 1 && b.Class > 0 && b.Second >= 0) {
				t.Fatalf("%+v", b)
			}
		}
		_, _ = Moments(file) // must return
	})
}

func FuzzLabels(f *testing.F) {
	for _, s := range []string{"a\nb\n", "1 a\n2 b\n", "1: a\n", `{"a":"0"}`, "item {\n name: \"a\"\n id: 1\n}", "label { name: \"\\x\" label_id: 99999999999999999999 }", "id,name\n0,a\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := parseLabels(data)
		if err != nil {
			return
		}
		for place := range l.Len() {
			if name, err := l.At(place); err != nil || name == "" {
				t.Fatalf("class %d of %d: %q, %v", place, l.Len(), name, err)
			}
		}
	})
}
