package cli

import (
	"fmt"

	"videomae/extract"
	"videomae/masking"
	"videomae/report"
	"videomae/train"
	"videomae/video"
)

// mapsOfClip are values for each cube of a clip.
type mapsOfClip struct {
	about string // what they are, for people
	short string // the same, for names of files
	unit  string // of the values
	layer int
	grid  masking.Grid
	query int // cube, or -1
	names []string
	maps  [][]float64
}

// attentionMaps computes maps of attention: of one cube where query is one, else of what all cubes receive.
func (o attendOptions) attentionMaps(m machine, e train.Encoder, clip video.Clip, options extract.AttentionOptions, query int) (mapsOfClip, error) {
	attention, err := extract.NewAttention(m.backend, e, m.how, options)
	if err != nil {
		return mapsOfClip{}, err
	}
	defer attention.Close()
	clips, err := train.NewClips(e.Config, clip.Pix)
	if err != nil {
		return mapsOfClip{}, err
	}
	matrices, err := attention.Run(clips)
	if err != nil {
		return mapsOfClip{}, err
	}
	out := mapsOfClip{layer: attention.Options.Layer, grid: e.Config.Grid(), query: query, unit: "times the even share"}
	out.describe(o, attention.Options)
	n := e.Config.Tokens()
	for i := range attention.Matrices() {
		matrix := matrices[i*n*n : (i+1)*n*n]
		values := extract.Received(matrix, n)
		if query >= 0 {
			values = extract.Paid(matrix, n, query)
		}
		for j := range values {
			values[j] *= float64(n)
		}
		out.maps = append(out.maps, values)
		out.names = append(out.names, o.mapName(i))
	}
	return out, nil
}

// describe says what maps of attention are.
func (m *mapsOfClip) describe(o attendOptions, options extract.AttentionOptions) {
	what := map[bool]string{false: "attention", true: "attention rollout"}[o.rollout]
	m.short = fmt.Sprintf("%s-layer%d", map[bool]string{false: "attention", true: "rollout"}[o.rollout], options.Layer)
	whose := map[int]string{extract.HeadMean: "mean over heads", extract.HeadEach: "each head"}[options.Head]
	if whose == "" {
		whose = fmt.Sprintf("head %d", options.Head)
	}
	if options.Head != extract.HeadMean {
		m.short += "-head" + o.head
	}
	m.about = fmt.Sprintf("%s in block %d, %s, that each cube receives", what, options.Layer, whose)
	if o.rollout {
		m.about = fmt.Sprintf("%s from the frames to block %d: how much of each cube is in the mean of all features", what, options.Layer)
	}
	if m.query >= 0 {
		g := m.grid
		m.short += fmt.Sprintf("-cube%d", m.query)
		m.about = fmt.Sprintf("%s in block %d, %s, of the marked cube (column %d, row %d, time slot %d)", what, options.Layer, whose,
			m.query%g.Cols, m.query/g.Cols%g.Rows, m.query/(g.Cols*g.Rows))
	}
}

// mapName titles the map of a head.
func (o attendOptions) mapName(i int) string {
	if o.head == "all" {
		return fmt.Sprintf("head %d", i)
	}
	return map[bool]string{false: "attention", true: "rollout"}[o.rollout]
}

// panels draws the clip and each map over it.
func (m mapsOfClip) panels(clip video.Clip) ([]report.Panel, error) {
	shown := rgb(clip)
	if m.query >= 0 {
		m.heat(m.maps[0]).MarkCube(shown, m.query)
	}
	panels := []report.Panel{{Title: "Input", Clip: shown}}
	for i, values := range m.maps {
		heat := m.heat(values)
		low, high := heat.Range()
		over, err := heat.Overlay(clip, low, high)
		if err != nil {
			return nil, err
		}
		if m.query >= 0 {
			heat.MarkCube(over, m.query)
		}
		panels = append(panels, report.Panel{Title: fmt.Sprintf("%s: dark %.3g to yellow %.3g %s", m.names[i], low, high, m.unit), Clip: over})
	}
	return panels, nil
}

// rgb is a copy of a clip with three channels.
func rgb(clip video.Clip) video.Clip {
	out := video.NewClip(clip.T, clip.H, clip.W, 3)
	for i := range clip.T * clip.H * clip.W {
		for c := range 3 {
			out.Pix[3*i+c] = clip.Pix[i*clip.C+min(c, clip.C-1)]
		}
	}
	return out
}

// flat is all maps in a row.
func (m mapsOfClip) flat() []float32 {
	var out []float32
	for _, values := range m.maps {
		for _, v := range values {
			out = append(out, float32(v))
		}
	}
	return out
}
