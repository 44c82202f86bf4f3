package given

import (
	"os"
	"path/filepath"
	"testing"
)

func TestGoldenFollowsTheEnvironment(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "model"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv(GoldenEnv, folder)
	if got, want := Golden(t, "model"), filepath.Join(folder, "model"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRelativeFoldersStartAtTheModulesRoot(t *testing.T) {
	t.Setenv(GoldenEnv, filepath.Join("internal", "given"))
	if _, err := os.Stat(Golden(t, "given_test.go")); err != nil {
		t.Error(err)
	}
}

func TestAbsentFoldersSkip(t *testing.T) {
	t.Setenv(GoldenEnv, filepath.Join(t.TempDir(), "none"))
	skipped := false
	t.Run("absent", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		Golden(t)
	})
	if !skipped {
		t.Error("a test without reference numbers was not skipped")
	}
}
