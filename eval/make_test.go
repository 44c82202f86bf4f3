package eval

import (
	"fmt"
	"math/rand/v2"

	"videomae/seed"
)

// made are predictions of n videos in some classes, right with about the given chance.
func made(n, classes, temporal, crops int, right float64, s uint64) Predictions {
	rng := seed.Rand(s, "made")
	p := Predictions{About: About{Temporal: temporal, Crops: crops, Scheme: "dense", Checkpoint: "run", Model: "m", Data: "list.csv", Split: "val", DataHash: "d", Precision: "f32", Engine: "go"}}
	for c := range classes {
		p.Classes = append(p.Classes, fmt.Sprintf("class %d", c))
	}
	for i := range n {
		label := i % classes
		likely := label
		if rng.Float64() >= right {
			likely = (label + 1 + rng.IntN(max(1, classes-1))) % classes
		}
		p.Videos = append(p.Videos, Video{Index: i, Name: fmt.Sprintf("%s/video %d.mp4", p.Classes[label], i), Class: p.Classes[label], Label: label,
			Views: madeViews(rng, classes, temporal, crops, likely)})
	}
	return p
}

// madeViews scores the likely class highest in most views.
func madeViews(rng *rand.Rand, classes, temporal, crops, likely int) []View {
	var views []View
	for t := range temporal {
		for c := range crops {
			logits := make([]float32, classes)
			for k := range logits {
				logits[k] = float32(rng.NormFloat64())
			}
			logits[likely] += 6
			views = append(views, View{Temporal: t, Crop: c, Logits: logits})
		}
	}
	return views
}

// unreadable makes a video one that could not be read.
func unreadable(v Video) Video {
	v.Views, v.Error = nil, "video "+v.Name+": moov atom not found"
	return v
}
