package probe

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"videomae/eval"
	"videomae/seed"
)

// set is clips with their classes: what a probe is fitted to.
type set struct {
	clips  [][]float32 // features of each
	labels []int       // class of each
	videos []int       // which video each is of
}

// set is the views of the videos that could be read. labels are the videos' classes.
func (f Features) set(labels []int) set {
	var s set
	for i, v := range f.Videos {
		if v.Read {
			s.add(f.Of(i), f.Clip(), labels[i], i)
		}
	}
	return s
}

// add puts the clips of a video into the set.
func (s *set) add(values []float32, clip, label, video int) {
	for view := range slices.Chunk(values, clip) {
		s.clips, s.labels, s.videos = append(s.clips, view), append(s.labels, label), append(s.videos, video)
	}
}

// part is some clips of a set.
func (s set) part(which []int) set {
	var p set
	for _, i := range which {
		p.clips, p.labels, p.videos = append(p.clips, s.clips[i]), append(p.labels, s.labels[i]), append(p.videos, s.videos[i])
	}
	return p
}

// bad lists the videos that could not be read.
func (f Features) bad() []eval.BadVideo {
	var all []eval.BadVideo
	for _, v := range f.Videos {
		if !v.Read {
			all = append(all, eval.BadVideo{Name: v.Name, Error: v.Error})
		}
	}
	return all
}

// split holds out a fifth of the videos of each class, at least one of two, drawn by a seed. It gives the clips of the others and those held
// out, and how many videos those are of.
func (s set) split(classes int, by uint64) (rest, held set, videos int) {
	of := make([][]int, classes) // videos
	for i, label := range s.labels {
		if last := len(of[label]) - 1; last < 0 || of[label][last] != s.videos[i] {
			of[label] = append(of[label], s.videos[i])
		}
	}
	out := map[int]bool{}
	for class, members := range of {
		n := len(members) / 5
		if n == 0 && len(members) > 1 {
			n = 1
		}
		for _, at := range seed.Rand(by, "probe held out", uint64(class)).Perm(len(members))[:n] {
			out[members[at]] = true
		}
	}
	var in, kept []int
	for i, video := range s.videos {
		if out[video] {
			kept = append(kept, i)
		} else {
			in = append(in, i)
		}
	}
	return s.part(in), s.part(kept), len(out)
}

// layerNorm normalises each row of values to mean 0 and variance 1, as the norms of the model do before their learnt weights.
func layerNorm(values []float32, width int) {
	const epsilon = 1e-6
	for row := range slices.Chunk(values, width) {
		mean, variance := 0.0, 0.0
		for _, v := range row {
			mean += float64(v) / float64(width)
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(width)
		}
		for i, v := range row {
			row[i] = float32((float64(v) - mean) / math.Sqrt(variance+epsilon))
		}
	}
}

// standard is what makes each feature of the training clips have mean 0 and variance 1.
type standard struct{ mean, scale []float64 }

// standardOf measures clips. It is batch normalisation without learnt weights, as before the linear probe of masked autoencoders (He et al.
// 2022, appendix A.1), with the statistics of all clips in place of a batch's and a running mean.
func standardOf(clips [][]float32) standard {
	const epsilon = 1e-6
	width, n := len(clips[0]), float64(len(clips))
	z := standard{make([]float64, width), make([]float64, width)}
	for _, clip := range clips {
		for j, v := range clip {
			z.mean[j] += float64(v) / n
		}
	}
	for _, clip := range clips {
		for j, v := range clip {
			d := float64(v) - z.mean[j]
			z.scale[j] += d * d / n
		}
	}
	for j, variance := range z.scale {
		z.scale[j] = 1 / math.Sqrt(variance+epsilon)
	}
	return z
}

// apply gives standardised features in double precision.
func (z standard) apply(into []float64, clip []float32) {
	for j, v := range clip {
		into[j] = (float64(v) - z.mean[j]) * z.scale[j]
	}
}

// each calls do for every number below n, on all processors.
func each(n int, do func(i int)) {
	var running sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for w := range workers {
		running.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	running.Wait()
}

// covers reports a class that has no clip.
func (s set) covers(classes []string) error {
	seen := make([]bool, len(classes))
	for _, label := range s.labels {
		seen[label] = true
	}
	for class, name := range classes {
		if !seen[class] {
			return fmt.Errorf("class %q has no training video that can be read", name)
		}
	}
	return nil
}
