package train

import (
	"runtime"
	"runtime/debug"

	"videomae/dataset"
)

// Provenance says what made a checkpoint.
type Provenance struct {
	Program  string `json:"program"` // module version, with the commit where the build knows it
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Engine   string `json:"engine"`
	Data     string `json:"data"`          // the list or folder trained on
	Manifest string `json:"manifest_hash"` // of its items
	Clips    int    `json:"clips"`
	Init     string `json:"init,omitempty"` // the checkpoint that training started from
}

// NewProvenance describes this program on this machine, and what it trains on.
func NewProvenance(engine string, data dataset.Manifest, init string) Provenance {
	p := Provenance{Engine: engine, Data: data.Source, Manifest: data.Hash(), Clips: len(data.Items), Init: init, Program: "videomae", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return p
	}
	p.Program += " " + info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			p.Program += " " + s.Value
		}
	}
	return p
}
