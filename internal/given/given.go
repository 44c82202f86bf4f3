// Package given finds what tests compare with and run on, and skips a test, saying so, where that is absent: the numbers
// of the official code, and real videos. Neither is part of the project.
package given

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// GoldenEnv names the environment variable that puts another folder of reference numbers, of the same format, in place of
// the default. A relative path starts at the module's root.
const GoldenEnv = "VIDEOMAE_GOLDEN"

// Golden is the place of a file or folder of reference numbers: below GoldenEnv, or ../shared/golden from the module's root.
func Golden(t testing.TB, elem ...string) string {
	t.Helper()
	folder := os.Getenv(GoldenEnv)
	if folder == "" {
		folder = filepath.Join("..", "shared", "golden")
	}
	return find(t, fmt.Sprintf("no reference numbers (set %s to their folder)", GoldenEnv), folder, elem)
}

// Clips is the place of a file or folder of real videos, below ../shared/data from the module's root.
func Clips(t testing.TB, elem ...string) string {
	t.Helper()
	return find(t, "no real videos", filepath.Join("..", "shared", "data"), elem)
}

// LongEnv names the environment variable that asks for tests at their full length, which take too long for every day.
const LongEnv = "VIDEOMAE_LONG"

// Long tells whether tests are to run at their full length.
func Long(t testing.TB) bool {
	t.Helper()
	return os.Getenv(LongEnv) != ""
}

func find(t testing.TB, missing, folder string, elem []string) string {
	t.Helper()
	if !filepath.IsAbs(folder) {
		root, err := moduleRoot()
		if err != nil {
			t.Fatal(err)
		}
		folder = filepath.Join(root, folder)
	}
	path := filepath.Join(append([]string{folder}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s: %v", missing, err)
	}
	return path
}

// moduleRoot is the nearest folder above the working directory with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = parent
	}
}
