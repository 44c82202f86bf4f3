package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"videomae/weights"
)

// command runs the program's own entry and gives what it printed.
func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = Main(args, Streams{Out: &o, Err: &e})
	return status, o.String(), e.String()
}

func TestConvertThereAndBack(t *testing.T) {
	run := saveCheckpoint(t, func([][]float32) {})
	dir := t.TempDir()
	hub, native, official := filepath.Join(dir, "hub"), filepath.Join(dir, "native"), filepath.Join(dir, "official.safetensors")
	for _, step := range [][]string{{run, hub, "hf"}, {hub, native, "native"}, {native, official, "official"}} {
		status, out, errs := command(t, "convert", step[0], step[1], "--to", step[2], "--verify", "--json")
		if status != 0 {
			t.Fatalf("%v: status %d\n%s", step, status, errs)
		}
		var got converted
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Verified == nil || got.Verified.Difference > 1e-5 || got.Verified.Outputs == 0 || len(got.Lost) > 0 || got.Origin.Source != "step-00000007" {
			t.Errorf("%v: %+v, %+v", step, got, got.Verified)
		}
	}
	before, err := os.ReadFile(filepath.Join(run, "checkpoints", "step-00000007", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(official)
	if err != nil {
		t.Fatal(err)
	}
	values := func(file []byte) []byte { // behind the header, whose text differs
		return file[bytes.LastIndexByte(file[:8+int(file[0])+int(file[1])<<8+int(file[2])<<16], '}')+1:]
	}
	if !bytes.Equal(bytes.TrimLeft(values(before), " "), bytes.TrimLeft(values(after), " ")) {
		t.Error("the values changed on their way")
	}
	for path, want := range map[string]string{hub: "hub folder", native: "checkpoint", official: "safetensors"} {
		status, out, errs := command(t, "inspect", path, "--json")
		var i inspection
		if err := json.Unmarshal([]byte(out), &i); err != nil || status != 0 {
			t.Fatal(err, errs)
		}
		if i.Kind != want || i.Family != weights.PretrainFamily || i.Weights.Model.EncoderWidth != 12 || i.Weights.Misfit != "" || i.Weights.Origin == nil {
			t.Errorf("%s: %+v, %+v", path, i, i.Weights)
		}
		if status, out, _ := command(t, "inspect", path); status != 0 || !strings.Contains(out, "encoder 12 wide, 2 blocks") {
			t.Errorf("%s: status %d, %s", path, status, out)
		}
	}
}

func TestConvertRefusals(t *testing.T) {
	run := saveCheckpoint(t, func([][]float32) {})
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	classes := filepath.Join(dir, "classes.txt")
	if err := os.WriteFile(classes, []byte("a\nb\na\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"one argument":   {[]string{run}, 2, "two arguments"},
		"no format":      {[]string{run, out}, 2, "--to"},
		"other format":   {[]string{run, out, "--to", "tf"}, 2, `"tf"`},
		"other type":     {[]string{run, out, "--to", "hf", "--dtype", "int8"}, 2, "int8"},
		"no input":       {[]string{filepath.Join(dir, "nothing"), out, "--to", "hf"}, 1, "nothing"},
		"output there":   {[]string{run, there, "--to", "hf"}, 1, "there already"},
		"classifier":     {[]string{run, out, "--to", "hf", "--as", "classifier"}, 1, "cannot be made"},
		"repeated class": {[]string{run, out, "--to", "hf", "--classes", classes}, 1, "line 3"},
		"broken pattern": {[]string{run, out, "--to", "hf", "--allow", "["}, 1, "pattern"},
	} {
		status, text, errs := command(t, append([]string{"convert"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) || text != "" {
			t.Errorf("%s: status %d, want %d, and %q in\n%s", name, status, c.status, c.want, errs)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*out*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
