package cli

import (
	"context"
	"errors"
	"image"
	"image/color"

	"videomae/dataset"
	"videomae/dataset/lists"
	"videomae/eval"
	"videomae/recipe"
	"videomae/report/page"
	"videomae/video"
)

// The pictures of an example: one for each of so many equal parts of its video.
const (
	exampleFrames = 4
	exampleSide   = 128 // pixels of the shorter side
)

// illustrate puts frames of their videos to the examples of the runs' evaluations. What cannot be had is named there.
func (o reportOptions) illustrate(ctx context.Context, runs []*page.Run) error {
	var decoder video.Decoder
	for _, r := range runs {
		for _, e := range r.Evaluations {
			examples := e.Examples()
			if len(examples) == 0 {
				continue
			}
			items, err := evaluatedItems(e.About, o.root)
			if err != nil {
				e.Without = err.Error()
				continue
			}
			if decoder == nil {
				opened, err := openDecoder(o.decoder, recipe.Default().Data.FrameRate)
				if err != nil {
					return err
				}
				defer opened.Close()
				decoder = opened
			}
			for _, x := range examples {
				if x.Frames, err = exampleStrip(ctx, decoder, items, x.Video); err != nil {
					x.Problem = err.Error()
				}
				if err := ctx.Err(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// evaluatedItems finds the videos of an evaluation by the names that its predictions have.
func evaluatedItems(a eval.About, root string) (map[string]dataset.Item, error) {
	if a.Data == "" || a.Official {
		return nil, errors.New("the predictions do not say of which list they are")
	}
	data, err := dataset.Load(a.Data, dataset.Options{List: lists.Options{Root: root}})
	if err != nil {
		return nil, err
	}
	items := make(map[string]dataset.Item, len(data.Items))
	for _, item := range data.Items {
		items[eval.Name(item)] = item
	}
	return items, nil
}

// exampleStrip makes pictures of frames spread over a video.
func exampleStrip(ctx context.Context, d video.Decoder, items map[string]dataset.Item, name string) ([]page.Data, error) {
	item, known := items[name]
	if !known {
		return nil, errors.New("the list does not hold this video any more")
	}
	clip, err := exampleClip(ctx, d, item)
	if err != nil {
		return nil, err
	}
	var strip []page.Data
	for t := range clip.T {
		data, err := page.Encode(frameImage(clip, t))
		if err != nil {
			return nil, err
		}
		strip = append(strip, data)
	}
	return strip, nil
}

// exampleClip decodes the frame in the middle of each quarter of a video.
func exampleClip(ctx context.Context, d video.Decoder, item dataset.Item) (video.Clip, error) {
	info, err := d.Probe(ctx, item.Path)
	if err != nil {
		return video.Clip{}, err
	}
	start, count, err := item.Span(info)
	if err != nil {
		return video.Clip{}, err
	}
	indices := make([]int, exampleFrames)
	for i := range indices {
		indices[i] = start + (2*i+1)*count/(2*exampleFrames)
	}
	return d.Frames(ctx, info, indices, video.Output{Channels: 3, ShortSide: exampleSide})
}

// frameImage is a frame of an RGB clip as a picture.
func frameImage(clip video.Clip, t int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, clip.W, clip.H))
	frame := clip.Frame(t)
	for i := range clip.W * clip.H {
		img.SetRGBA(i%clip.W, i/clip.W, color.RGBA{frame[3*i], frame[3*i+1], frame[3*i+2], 255})
	}
	return img
}
