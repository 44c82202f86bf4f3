package eval

import (
	"math"
	"math/big"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func compare(t *testing.T, a, b Predictions) Comparison {
	t.Helper()
	c, err := Compare(a, b, "A", "B", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComparedWithItself(t *testing.T) {
	p := made(30, 4, 2, 2, 0.6, 1)
	p.Videos[3] = unreadable(p.Videos[3])
	c := compare(t, p, p)
	if c.N != 30 || c.Difference != 0 || c.CI95 != (Interval{}) || c.McNemar != 1 || len(c.Flipped) > 0 || len(c.InA) > 0 || len(c.InB) > 0 || c.A.Top1 != c.B.Top1 || c.A.Unreadable != 1 {
		t.Errorf("%+v", c)
	}
	for _, class := range c.Classes {
		if class.RightA != class.RightB {
			t.Errorf("%+v", class)
		}
	}
}

func TestSwappedSidesGiveTheOppositeDifference(t *testing.T) {
	a, b := made(80, 4, 1, 1, 0.5, 1), made(80, 4, 1, 1, 0.8, 2)
	c, d := compare(t, a, b), compare(t, b, a)
	if c.Difference != -d.Difference || c.McNemar != d.McNemar || c.OnlyA != d.OnlyB || c.BothRight != d.BothRight || len(c.Flipped) != len(d.Flipped) {
		t.Errorf("%+v\n%+v", c, d)
	}
	if math.Abs(c.CI95[0]+d.CI95[1]) > 1e-9 || math.Abs(c.CI95[1]+d.CI95[0]) > 1e-9 {
		t.Errorf("%v and %v", c.CI95, d.CI95)
	}
	if c.CI95[0] > c.Difference || c.CI95[1] < c.Difference || c.N != c.BothRight+c.OnlyA+c.OnlyB+c.BothWrong || len(c.Flipped) != c.OnlyA+c.OnlyB {
		t.Errorf("%+v", c)
	}
	ja, err := Judge(a, Options{})
	if err != nil || math.Abs(ja.Summary.Top1-c.A.Top1) > 1e-12 {
		t.Errorf("top-1 %v, Judge says %v", c.A.Top1, ja.Summary.Top1)
	}
}

// TestMcNemarIsExact compares with fractions of whole numbers.
func TestMcNemarIsExact(t *testing.T) {
	for _, c := range [][2]int{{0, 0}, {0, 1}, {1, 0}, {3, 3}, {2, 9}, {40, 61}, {900, 1000}} {
		n := c[0] + c[1]
		sum, term := new(big.Int), big.NewInt(1)
		for k := 0; k <= min(c[0], c[1]); k++ {
			sum.Add(sum, term)
			term.Div(term.Mul(term, big.NewInt(int64(n-k))), big.NewInt(int64(k+1)))
		}
		p, _ := new(big.Rat).SetFrac(new(big.Int).Lsh(sum, 1), new(big.Int).Lsh(big.NewInt(1), uint(n))).Float64()
		if got := mcnemar(c[0], c[1]); math.Abs(got-min(1, p)) > 1e-12 {
			t.Errorf("%v: %v, want %v", c, got, min(1, p))
		}
	}
}

func TestFlipsAndClasses(t *testing.T) {
	p := made(6, 3, 1, 1, 1, 1) // all right
	q := made(6, 3, 1, 1, 1, 1)
	q.Videos[1].Views[0].Logits[2] = 99
	q.Videos[3] = unreadable(q.Videos[3])
	q.Videos[5].Name = "elsewhere.mp4"
	c := compare(t, p, q)
	want := []Flip{{p.Videos[1].Name, "class 1", "class 1", "class 2", false}, {p.Videos[3].Name, "class 0", "class 0", "", false}}
	if !slices.Equal(c.Flipped, want) || c.N != 5 || c.OnlyA != 2 || c.Difference != -40 || c.B.Unreadable != 1 {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.InA, []string{p.Videos[5].Name}) || !slices.Equal(c.InB, []string{"elsewhere.mp4"}) {
		t.Errorf("in A alone %v, in B alone %v", c.InA, c.InB)
	}
	classes := []ClassDifference{{"class 0", 2, 2, 1}, {"class 1", 2, 2, 1}, {"class 2", 1, 1, 1}}
	if !slices.Equal(c.Classes, classes) {
		t.Errorf("%+v", c.Classes)
	}
	back := compare(t, q, p)
	if !back.Flipped[0].Gain || back.Flipped[0].B != "class 1" || back.Classes[0].Class != "class 2" {
		t.Errorf("%+v", back)
	}
}

func TestOfficialFilesCompareByTheirNames(t *testing.T) {
	p := made(6, 3, 1, 1, 0.5, 1)
	official := p
	official.Videos = slices.Clone(p.Videos)
	for i := range official.Videos {
		official.Videos[i].Name = OfficialID(official.Videos[i].Name)
	}
	folder := t.TempDir()
	if _, err := WriteTexts(folder, official, 1); err != nil {
		t.Fatal(err)
	}
	read, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if read.Videos[0].Name != "video 0" {
		t.Fatalf("%q", read.Videos[0].Name)
	}
	for _, c := range []Comparison{compare(t, p, read), compare(t, read, p)} {
		if c.N != 6 || c.Difference != 0 || len(c.Flipped) > 0 || len(c.InA)+len(c.InB) > 0 {
			t.Errorf("%+v", c)
		}
	}
	p.Videos[1].Name = "elsewhere/" + path.Base(p.Videos[0].Name)
	if _, err := Compare(p, read, "A", "B", Options{}); err == nil || !strings.Contains(err.Error(), p.Videos[1].Name) || !strings.Contains(err.Error(), p.Videos[0].Name) {
		t.Errorf("two videos of one official name: %v", err)
	}
}

func TestVideosNamedTwiceMatchInTurn(t *testing.T) {
	p, q := made(4, 2, 1, 1, 1, 1), made(4, 2, 1, 1, 1, 1)
	for _, r := range []Predictions{p, q} {
		r.Videos[2].Name = r.Videos[0].Name
	}
	if c := compare(t, p, q); c.N != 4 || c.BothRight != 4 {
		t.Errorf("%+v", c)
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	p, q := made(4, 2, 1, 1, 1, 1), made(4, 2, 1, 1, 1, 1)
	q.Videos[2].Class = "another"
	if _, err := Compare(p, q, "A", "B", Options{}); err == nil || !strings.Contains(err.Error(), p.Videos[2].Name) || !strings.Contains(err.Error(), "another") {
		t.Errorf("labels differ: %v", err)
	}
	q = made(4, 2, 1, 1, 1, 1)
	for i := range q.Videos {
		q.Videos[i].Name = "x" + q.Videos[i].Name
	}
	if _, err := Compare(p, q, "A", "B", Options{}); err == nil || !strings.Contains(err.Error(), p.Videos[0].Name) || !strings.Contains(err.Error(), q.Videos[0].Name) {
		t.Errorf("nothing in common: %v", err)
	}
	p.Videos[1].Views[0].Logits[0] = float32(math.NaN())
	if _, err := Compare(p, p, "A", "B", Options{}); err == nil || !strings.Contains(err.Error(), p.Videos[1].Name) {
		t.Errorf("NaN: %v", err)
	}
}

func TestOpenFindsEveryForm(t *testing.T) {
	p := made(3, 2, 1, 1, 1, 1)
	folder := started(t, p, 3)
	finish(t, open(t, folder, p.About), p)
	for _, path := range []string{folder, folder + "/" + PredictionsFile} {
		if got, err := Open(path); err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := os.WriteFile(folder+"/x", []byte("PAR1 no PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder + "/x"); err == nil {
		t.Error("another file opens")
	}
}
