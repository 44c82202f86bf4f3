package isa

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name      string
		best      Level
		slowPairs bool
		want      Level
		err       string
	}{
		{"", AVX2, false, AVX2, ""},
		{"", AVX2, true, AVX2, ""},
		{"", AVX512BF16, false, AVX512BF16, ""},
		{"", AVX512BF16, true, AVX512, ""},
		{"avx512bf16", AVX512BF16, true, AVX512BF16, ""},
		{"", AMX, true, AMX, ""},
		{"portable", AVX512, false, Portable, ""},
		{"avx2", AVX512, false, AVX2, ""},
		{"avx512", AVX512, false, AVX512, ""},
		{"avx512", AVX2, false, 0, "no more than avx2"},
		{"sse", AVX2, false, 0, "portable, avx2, avx512, avx512bf16, amx"},
	} {
		got, err := parse(c.name, c.best, c.slowPairs)
		if c.err == "" && (err != nil || got != c.want) {
			t.Errorf("%q on %v: %v, %v, want %v", c.name, c.best, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q on %v: %v, want an error with %q", c.name, c.best, err, c.err)
		}
	}
}

func TestLevelsEndWithTheBest(t *testing.T) {
	list := Levels()
	if list[0] != Portable || list[len(list)-1] != best() {
		t.Errorf("levels %v, want portable to %v", list, best())
	}
}
