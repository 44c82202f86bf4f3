package mixup

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"videomae/frames"
	"videomae/frames/internal/drawtest"
	"videomae/internal/given"
	"videomae/weights"
)

// reference is what these tests read of the reference file.
type reference struct {
	Boxes []struct {
		H, W   int
		Share  float64 `json:"lam"`
		Y      int     `json:"cy"`
		X      int     `json:"cx"`
		Box    [4]int  `json:"box_yl_yh_xl_xh"`
		Actual float64 `json:"lam_corrected"`
	} `json:"rand_bbox"`
	Batches []struct {
		Prefix, Kind, Mode string
		Classes            int
		Smoothing          float64
		Draws              [][3]json.RawMessage `json:"draws_in_order"`
		Shares             []float64            `json:"lam_per_item_float32"`
		Cut                []bool               `json:"use_cutmix"`
		Places             [][2]json.RawMessage `json:"randint_draws"`
	} `json:"mix_batches"`
	Targets []struct {
		Share     float64 `json:"lam"`
		Smoothing float64
		Classes   int
		Labels    []int     `json:"targets"`
		First     []float64 `json:"row0_first8"`
		Last      []float64 `json:"row3_first8"`
	} `json:"mixup_target"`
}

func open(t *testing.T) (r reference, array func(key string) weights.Tensor) {
	t.Helper()
	folder := given.Golden(t, "pipeline")
	text, err := os.ReadFile(filepath.Join(folder, "erasing_mixup.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Boxes) == 0 || len(r.Batches) == 0 || len(r.Targets) == 0 {
		t.Fatal("erasing_mixup.json lacks cases")
	}
	arrays, err := weights.Open(filepath.Join(folder, "erasing_mixup.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = arrays.Close() })
	return r, func(key string) weights.Tensor {
		x, err := arrays.Tensor(key)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func number(t *testing.T, text json.RawMessage) (v float64) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// channelsLast is a B x C x T x H x W array as a batch.
func channelsLast(t *testing.T, x weights.Tensor) frames.Floats {
	t.Helper()
	values, err := x.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	c, frame, plane := x.Shape[1], x.Shape[2], x.Shape[3]*x.Shape[4]
	batch := frames.NewFloats(x.Shape[0]*frame, x.Shape[3], x.Shape[4], c)
	for i, v := range values {
		clip, channel, k, at := i/(plane*frame*c), i/(plane*frame)%c, i/plane%frame, i%plane
		batch.Pix[((clip*frame+k)*plane+at)*c+channel] = v
	}
	return batch
}

// integers are the values of an array of 64-bit integers.
func integers(x weights.Tensor) []int {
	var values []int
	for data := x.Data; len(data) >= 8; data = data[8:] {
		values = append(values, int(binary.LittleEndian.Uint64(data)))
	}
	return values
}

func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range want {
		if math.Abs(float64(got[i]-v)) > 1e-6 {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], v)
		}
	}
}

func TestBoxesEqualOfficialOnes(t *testing.T) {
	r, _ := open(t)
	for _, c := range r.Boxes {
		got := CutOut(c.Share, c.W, c.H, c.X, c.Y)
		b := got.Box
		if box := [4]int{b.Y, b.Y + b.H, b.X, b.X + b.W}; box != c.Box || math.Abs(got.Share-c.Actual) > 1e-6 {
			t.Errorf("%+v: box %v, share %v", c, box, got.Share)
		}
	}
}

func TestBatchesEqualOfficialOnes(t *testing.T) {
	r, array := open(t)
	for _, c := range r.Batches {
		labels := integers(array(c.Prefix + "_target"))
		batch := channelsLast(t, array(c.Prefix+"_in"))
		mixer := Official()
		var mixes []Mix
		var err error
		if c.Mode == "batch" {
			draws := &drawtest.Recorded{T: t}
			for _, d := range c.Draws {
				draws.Values = append(draws.Values, number(t, d[2]))
			}
			if mixes, err = mixer.Draw(draws, len(labels), batch.W, batch.H); err != nil {
				t.Fatal(err)
			}
			draws.Done()
		} else {
			mixes = make([]Mix, len(labels))
			for i, share := range c.Shares {
				mixes[i] = Mix{Share: share}
				if c.Cut[i] {
					mixes[i] = CutOut(share, batch.W, batch.H, int(number(t, c.Places[1][1])), int(number(t, c.Places[0][1])))
					c.Places = c.Places[2:]
				}
				if c.Mode == "pair" {
					mixes[len(mixes)-1-i] = mixes[i]
				}
			}
		}
		if c.Mode == "pair" {
			applyOfficialPairs(t, batch, mixes)
		} else if err := Apply(batch, mixes); err != nil {
			t.Fatal(err)
		}
		compare(t, c.Prefix+" clips", batch.Pix, channelsLast(t, array(c.Prefix+"_out")).Pix)
		targets, err := Targets(labels, mixes, c.Classes, c.Smoothing)
		if err != nil {
			t.Fatal(err)
		}
		want, err := array(c.Prefix + "_soft").Float32s()
		if err != nil {
			t.Fatal(err)
		}
		compare(t, c.Prefix+" targets", targets, want)
	}
}

// applyOfficialPairs pastes as the official code does in its mode "pair", which no script uses: it takes the box's rows for frames and its
// columns for rows, and cuts whole rows. Mixes without a box are not touched by that.
func applyOfficialPairs(t *testing.T, batch frames.Floats, mixes []Mix) {
	n := len(mixes)
	each := batch.T / n
	for k := range each { // frame k of every clip
		slice, place := frames.NewFloats(n, batch.H, batch.W, batch.C), make([]Mix, n)
		for i, m := range mixes {
			copy(slice.Frame(i), batch.Frame(i*each+k))
			place[i] = m
			if m.Cut {
				rows := frames.Box{Y: min(m.Box.X, batch.H), W: batch.W, H: max(0, min(m.Box.X+m.Box.W, batch.H)-m.Box.X)}
				if k < m.Box.Y || k >= m.Box.Y+m.Box.H {
					rows.H = 0
				}
				place[i].Box = rows
			}
		}
		if err := Apply(slice, place); err != nil {
			t.Fatal(err)
		}
		for i := range mixes {
			copy(batch.Frame(i*each+k), slice.Frame(i))
		}
	}
}

func TestTargetsEqualOfficialOnes(t *testing.T) {
	r, _ := open(t)
	for _, c := range r.Targets {
		mixes := make([]Mix, len(c.Labels))
		for i := range mixes {
			mixes[i].Share = c.Share
		}
		got, err := Targets(c.Labels, mixes, c.Classes, c.Smoothing)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.First {
			first, last := float64(got[i]), float64(got[(len(c.Labels)-1)*c.Classes+i])
			if math.Abs(first-c.First[i]) > 1e-6 || math.Abs(last-c.Last[i]) > 1e-6 {
				t.Errorf("%d classes: class %d of the first and last clip: %v and %v, want %v and %v", c.Classes, i, first, last, c.First[i], c.Last[i])
			}
		}
	}
}
