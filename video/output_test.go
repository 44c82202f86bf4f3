package video

import "testing"

func TestCheckRequest(t *testing.T) {
	info := Info{Path: "a.mp4", Frames: 5, Width: 40, Height: 30}
	for name, c := range map[string]struct {
		indices []int
		out     Output
		ok      bool
	}{
		"fine":            {[]int{0, 2, 2, 4}, RGB, true},
		"scaled and cut":  {[]int{0}, Output{Channels: 1, ShortSide: 20, Crop: 20}, true},
		"two channels":    {[]int{0}, Output{Channels: 2}, false},
		"none":            {nil, RGB, false},
		"past the end":    {[]int{5}, RGB, false},
		"negative":        {[]int{-1}, RGB, false},
		"decreasing":      {[]int{3, 2}, Grey, false},
		"too large a cut": {[]int{0}, Output{Channels: 3, Crop: 31}, false},
		"negative cut":    {[]int{0}, Output{Channels: 3, Crop: -1}, false},
		"negative scale":  {[]int{0}, Output{Channels: 3, ShortSide: -1}, false},
		"huge scale":      {[]int{0}, Output{Channels: 3, ShortSide: 1 << 30}, false},
	} {
		if _, err := CheckRequest(info, c.indices, c.out); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := CheckRequest(Info{Frames: 5}, []int{0}, RGB); err == nil {
		t.Error("a video without pixels was accepted")
	}
}

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		w, h int
		out  Output
		want Layout
	}{
		{340, 256, RGB, Layout{340, 256, 0, 0, 340, 256}},
		{340, 256, Output{Channels: 3, ShortSide: 256, Crop: 224}, Layout{340, 256, 58, 16, 224, 224}},
		{1080, 1920, Output{Channels: 3, ShortSide: 256}, Layout{256, 455, 0, 0, 256, 455}},
		{297, 224, Output{Channels: 1, Crop: 224}, Layout{297, 224, 36, 0, 224, 224}}, // 36.5 to the even side
		{299, 224, Output{Channels: 1, Crop: 224}, Layout{299, 224, 38, 0, 224, 224}}, // 37.5 to the even side
	} {
		if got, err := c.out.Layout(c.w, c.h); err != nil || got != c.want {
			t.Errorf("%+v of %dx%d: %+v, %v; want %+v", c.out, c.w, c.h, got, err, c.want)
		}
	}
}

func TestTiming(t *testing.T) {
	for name, c := range map[string]struct {
		stamps   []int64
		ticks    int64
		variable bool
	}{
		"even":          {[]int64{20, 0, 10, 30}, 40, false},
		"in ms":         {[]int64{0, 33, 67, 100, 133}, 166, false},
		"one left out":  {[]int64{0, 100, 200, 400, 500}, 600, true},
		"twice as fast": {[]int64{0, 100, 200, 250, 350}, 450, true},
		"one frame":     {[]int64{7}, 0, false},
		"no stamps":     {nil, 0, false},
	} {
		if ticks, variable := Timing(c.stamps); ticks != c.ticks || variable != c.variable {
			t.Errorf("%s: %d ticks, variable %v; want %d, %v", name, ticks, variable, c.ticks, c.variable)
		}
	}
}
