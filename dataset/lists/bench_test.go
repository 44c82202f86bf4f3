package lists

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRows reads lists of 250,000 rows.
func BenchmarkRows(b *testing.B) {
	const rows = 250_000
	for name, c := range map[string]struct{ file, head, row, tail string }{
		"csv":      {"a.csv", "path,label,split\n", "class %[2]d/video_%[1]d.mp4,class %[2]d,train\n", ""},
		"official": {"a.csv", "", "/data/class %[2]d/video_%[1]d.mp4 %[2]d\n", ""},
		"kinetics": {"a.csv", "label,youtube_id,time_start,time_end,split\n", "class %[2]d,id%[1]d,5,15,train\n", ""},
		"ssv2":     {"train.json", "[\n", `{"id":"%[1]d","label":"holding a thing","template":"Class %[2]d of [something]","placeholders":["a thing"]},` + "\n", `{"id":"0"}]`},
		"ucf101":   {"trainlist01.txt", "", "Class%[2]d/v_%[1]d.avi %[3]d\n", ""},
		"ava":      {"a.csv", "", "video%[1]d,0902,0.031,0.162,0.670,0.995,12,0\n", ""},
	} {
		var text strings.Builder
		text.WriteString(c.head)
		for i := range rows {
			fmt.Fprintf(&text, strings.ReplaceAll(c.row, "%[3]d", fmt.Sprint(i%400+1)), i, i%400)
		}
		text.WriteString(c.tail)
		file := filepath.Join(b.TempDir(), c.file)
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := Open(file, Options{Root: "/nowhere"})
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range s.Rows() {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
