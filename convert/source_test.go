package convert

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"videomae/finetune"
	"videomae/train"
	"videomae/weights/checkpoint"
	"videomae/weights/hub/hubtest"
)

// hubFolder writes a small model as a folder of the hub and gives its files.
func hubFolder(t *testing.T, kind checkpoint.Kind) (folder string, files map[string][]byte) {
	t.Helper()
	folder, err := convertSmall(t, kind, func(o *Options) { o.To, o.Licence = Hub, "cc-by-nc-4.0" })
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return folder, files
}

// told gathers what is said.
func told(t *testing.T) (Sources, *[]string) {
	var said []string
	return Sources{Cache: filepath.Join(t.TempDir(), "cache"), Report: func(text string) { said = append(said, text) }}, &said
}

// A model of the hub is fetched, converted once, and then used without a network.
func TestModelsOfTheHubAreSources(t *testing.T) {
	_, files := hubFolder(t, checkpoint.Classifier)
	server := hubtest.New(t, files)
	server.Setenv(t)
	s, said := told(t)
	name := "hf:" + hubtest.Repository
	folder, err := s.Native(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if trained, err := finetune.Load(folder); err != nil || trained.Model.Classes != 5 || trained.Model.Encoder.Heads != 3 {
		t.Errorf("%+v (%v)", trained.Model, err)
	}
	if text := strings.Join(*said, "\n"); !strings.Contains(text, "kept as "+folder) || !strings.Contains(text, "licence: cc-by-nc-4.0") {
		t.Errorf("said %s", text)
	}
	if !strings.HasPrefix(filepath.Base(folder), "owner-model-") {
		t.Errorf("kept as %s", folder)
	}
	local, err := s.Local(t.Context(), name)
	if err != nil || filepath.Base(local) != hubtest.Commit {
		t.Errorf("its files are at %s (%v)", local, err)
	}
	server.Close()
	*said = nil
	again, err := s.Native(t.Context(), name)
	if err != nil || again != folder || len(*said) != 1 || !strings.Contains((*said)[0], "the cache is used") {
		t.Errorf("again: %s, said %q (%v)", again, *said, err)
	}
}

// Where the weights come from is the model's name with its commit, however they are fetched.
func TestOriginOfModelsOfTheHub(t *testing.T) {
	_, files := hubFolder(t, checkpoint.Encoder)
	bare := small(t, checkpoint.Encoder) // whose metadata say nothing
	var err error
	if files["model.safetensors"], err = os.ReadFile(bare); err != nil {
		t.Fatal(err)
	}
	delete(files, "config.json")
	files["README.md"] = []byte("---\nlicense: apache-2.0\n---\n")
	hubtest.New(t, files).Setenv(t)
	s, _ := told(t)
	local, err := s.Local(t.Context(), "hf:"+hubtest.Repository)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{In: local, Out: filepath.Join(t.TempDir(), "out"), To: Native, Open: options})
	if err != nil || r.Origin.Source != "hf:"+hubtest.Repository+"@"+hubtest.Commit || r.Origin.Licence != "apache-2.0" {
		t.Errorf("%+v (%v)", r.Origin, err)
	}
}

func TestRottenFilesOfTheHubAreNotConverted(t *testing.T) {
	_, files := hubFolder(t, checkpoint.Encoder)
	hubtest.New(t, files).Setenv(t)
	s, _ := told(t)
	name := "hf:" + hubtest.Repository
	local, err := s.Local(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	rotten := slices.Clone(files["model.safetensors"])
	rotten[len(rotten)-3] ^= 1
	if err := os.WriteFile(filepath.Join(local, "model.safetensors"), rotten, 0o666); err != nil { // through the link
		t.Fatal(err)
	}
	if _, err := s.Native(t.Context(), name); err == nil || !strings.Contains(err.Error(), "model.safetensors: damaged") {
		t.Fatalf("error %v", err)
	}
	if _, err := s.Native(t.Context(), name); err != nil {
		t.Errorf("after it was removed: %v", err)
	}
}

// Files and folders of others are converted once for each content; what is this program's own, or not there, stays as it is.
func TestFoldersAreSources(t *testing.T) {
	s, said := told(t)
	theirs, _ := hubFolder(t, checkpoint.Pretrain)
	folder, err := s.Native(t.Context(), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := train.LoadModel(folder); err != nil {
		t.Error(err)
	}
	*said = nil
	if again, err := s.Native(t.Context(), theirs); err != nil || again != folder || len(*said) > 0 {
		t.Errorf("%s, said %q (%v)", again, *said, err)
	}
	readme := filepath.Join(theirs, "README.md")
	if err := os.WriteFile(readme, []byte("---\nlicense: mit\n---\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if other, err := s.Native(t.Context(), theirs); err != nil || other == folder {
		t.Errorf("another README, the same checkpoint %s (%v)", other, err)
	}
	for _, own := range []string{folder, "", "not-there", filepath.Join(t.TempDir(), "none.pth")} {
		if got, err := s.Native(t.Context(), own); err != nil || got != own {
			t.Errorf("%q became %q (%v)", own, got, err)
		}
	}
	if _, err := s.Native(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no checkpoint") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := s.Native(t.Context(), "hf:owner"); err == nil || !strings.Contains(err.Error(), `"hf:owner"`) {
		t.Errorf("half a name: %v", err)
	}
	file := filepath.Join(t.TempDir(), "text.pth")
	if err := os.WriteFile(file, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Native(t.Context(), file); err == nil || !strings.Contains(err.Error(), "text.pth") {
		t.Errorf("a file of something else: %v", err)
	}
}

// Of detectors, which are no kind of checkpoint of this program, the encoder is taken.
func TestDetectorsAreSourcesOfEncoders(t *testing.T) {
	theirs, err := convertSmall(t, checkpoint.Detector, func(o *Options) { o.To, o.Out = Official, o.Out+".safetensors" })
	if err != nil {
		t.Fatal(err)
	}
	s, _ := told(t)
	folder, err := s.Native(t.Context(), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := finetune.LoadEncoder(folder); err != nil || e.Config.Depth != 2 {
		t.Errorf("%+v (%v)", e.Config, err)
	}
}

func TestConvertedTogether(t *testing.T) {
	theirs, _ := hubFolder(t, checkpoint.Encoder)
	s := Sources{Cache: t.TempDir()}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			folder, err := s.Native(t.Context(), theirs)
			if err != nil {
				t.Error(err)
			} else if _, err := train.LoadEncoder(folder); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
