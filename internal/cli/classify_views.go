package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"videomae/dataset"
	"videomae/eval"
	"videomae/frames"
	"videomae/frames/chain"
	"videomae/video"
)

// byViews judges videos by clips and crops of the official tests, each video decoded once.
func (w classifyWork) byViews(ctx context.Context, videos []string, temporal, crops int) ([]classifiedOne, error) {
	c, data := w.trained.Model.Encoder, w.trained.Recipe.Data
	test := video.SampleTestDense
	if data.Scheme == string(video.SampleSegments) {
		test = video.SampleTestSSV2
	}
	scheme, err := video.NewScheme(string(test), c.Frames, data.Stride, string(data.Sampling), fmt.Sprint(temporal))
	if err != nil {
		return nil, err
	}
	crop := chain.OfficialTest(max(c.Height, c.Width), crops)
	crop.Table = frames.ImageNet(c.Channels)
	manifest := dataset.Manifest{Source: "the command line"}
	for _, path := range videos {
		manifest.Items = append(manifest.Items, dataset.Item{Path: path, Name: path})
	}
	views := dataset.Views(ctx, manifest, w.decoder, dataset.ViewOptions{
		Scheme: scheme, Chain: crop, Height: c.Height, Width: c.Width, Channels: c.Channels,
	})
	scored, err := eval.Collect(ctx, w.classifier, views, eval.ScoreOptions{
		Classes: w.trained.Classes, Frames: c.Frames, Height: c.Height, Width: c.Width, Channels: c.Channels, Batch: min(w.batch, len(videos)*temporal*crops),
	})
	if err != nil {
		return nil, err
	}
	var out []classifiedOne
	for _, v := range scored {
		one := classifiedOne{Video: videos[v.Index], Error: v.Error}
		if v.Error == "" {
			if one.probabilities, err = v.Merge(eval.Softmax); err != nil {
				return nil, err
			}
			one.Top = w.best(one.probabilities)
		} else {
			fmt.Fprintf(w.streams.Err, "unreadable: %s\n", v.Error)
		}
		out = append(out, one)
	}
	return out, nil
}

// writePredictions writes a table of all classes' probabilities for each video.
func writePredictions(path string, classes []string, videos []classifiedOne) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	rows := [][]string{append([]string{"video", "class", "probability"}, classes...)}
	for _, v := range videos {
		row := []string{v.Video}
		if v.Error == "" {
			row = append(row, v.Top[0].Class, decimal(v.Top[0].Probability))
			for _, p := range v.probabilities {
				row = append(row, decimal(p))
			}
		} else {
			row = append(row, make([]string, 2+len(classes))...)
		}
		rows = append(rows, row)
	}
	return writeCSV(path, rows)
}
