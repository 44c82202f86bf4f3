package main

import (
	"strings"
	"testing"
)

func TestRatiosAreTakenWithinRounds(t *testing.T) {
	list := []contender{{"libav", []string{"--decoder", "libav"}}, {name: "decord"}}
	text := table(list, []raced{
		{"a.mp4", []speeds{{4, 2}, {30, 10}, {8, 8}}},
		{"b.mp4", []speeds{{8, 1}, {30, 10}, {2, 8}}},
	})
	for _, want := range []string{
		"| a.mp4 | 8 | 8 | 2.00 |",
		"| b.mp4 | 8 | 8 | 3.00 |",
		"| geometric mean of 2 | 5.657 | 8 | 3.00 (0.50..4.00) |", // of ratios: 4, 3 and 0.5 in the three rounds
		"Least libav / decord: 2.00, of a.mp4.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestWithoutPeersThereAreNoRatios(t *testing.T) {
	text := table([]contender{{"libav", []string{}}}, []raced{{"a.mp4", []speeds{{4}, {2}}}})
	if want := "| file | libav, clips/s |\n| --- | --- |\n| a.mp4 | 3 |\n| geometric mean of 1 | 3 |\n"; text != want {
		t.Errorf("got\n%s", text)
	}
}

func TestParse(t *testing.T) {
	line := `{"decoder": "decord 0.6.0", "frames": 16, "stride": 4, "size": 224, "clips": 2, "clips_per_s": 10.5,
		"files": [{"path": "a.mp4", "codec": "h264", "starts": [3, 1], "seconds": 0.19, "clips_per_s": 10.5}]}`
	if v, err := parse([]byte(line), "a.mp4", 2); err != nil || v != 10.5 {
		t.Errorf("%v, %v", v, err)
	}
	for _, c := range []struct{ text, want string }{
		{"", "no measurement"},
		{"Traceback", "Traceback"},
		{`{"files": []}`, "no measurement"},
		{strings.Replace(line, "a.mp4", "b.mp4", 1), "b.mp4"},
		{strings.Replace(line, "[3, 1]", "[3]", 1), "decoded 1 clips"},
	} {
		if _, err := parse([]byte(c.text), "a.mp4", 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}
