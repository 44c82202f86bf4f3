package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExportONNX(t *testing.T) {
	run, out := saveCheckpoint(t, func([][]float32) {}), filepath.Join(t.TempDir(), "model.onnx")
	status, text, errs := command(t, "export", "onnx", "--checkpoint", run, "--what", "reconstruction", "--batch", "2", "--dtype", "f16", "--opset", "20", "--out", out, "--json")
	if status != 0 {
		t.Fatalf("status %d\n%s", status, errs)
	}
	var got struct {
		File     string
		Bytes    int64
		Opset    int
		Inputs   []struct{ Name, Type string }
		Outputs  []struct{ Shape []string }
		Metadata map[string]string
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	if got.File != out || got.Bytes != info.Size() || got.Opset != 20 || len(got.Inputs) != 3 || got.Inputs[1].Type != "int64" || got.Outputs[0].Shape[0] != "2" ||
		got.Metadata["videomae.what"] != "reconstruction" {
		t.Errorf("%s", text)
	}
	status, text, errs = command(t, "export", "onnx", "--checkpoint", run, "--what", "features", "--out", out+"2")
	if status != 0 || !strings.Contains(text, "features float32 [batch, 12]") || !strings.Contains(text, "licence") {
		t.Errorf("status %d, %s\n%s", status, text, errs)
	}
}

func TestExportRefusals(t *testing.T) {
	run, dir := saveCheckpoint(t, func([][]float32) {}), t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.onnx")
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no checkpoint":   {[]string{"--what", "features", "--out", out}, 2, "--checkpoint"},
		"unknown part":    {[]string{"--checkpoint", run, "--what", "loss", "--out", out}, 2, `"loss"`},
		"broken batch":    {[]string{"--checkpoint", run, "--what", "features", "--out", out, "--batch", "0"}, 2, "--batch"},
		"unknown type":    {[]string{"--checkpoint", run, "--what", "features", "--out", out, "--dtype", "bf16"}, 2, "--dtype"},
		"unknown set":     {[]string{"--checkpoint", run, "--what", "features", "--out", out, "--opset", "13"}, 2, "--opset"},
		"an argument":     {[]string{"x", "--checkpoint", run}, 2, `"x"`},
		"no classifier":   {[]string{"--checkpoint", run, "--what", "classifier", "--out", out}, 1, "fine-tune it first"},
		"no such folder":  {[]string{"--checkpoint", filepath.Join(dir, "none"), "--what", "features", "--out", out}, 1, "none"},
		"output is there": {[]string{"--checkpoint", run, "--what", "features", "--out", there}, 1, "there already"},
	} {
		status, text, errs := command(t, append([]string{"export", "onnx"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) || text != "" {
			t.Errorf("%s: status %d, want %d, and %q in\n%s", name, status, c.status, c.want, errs)
		}
	}
	if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
