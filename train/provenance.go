package train

import (
	"runtime"
	"runtime/debug"
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

// newProvenance describes this program on this machine.
func newProvenance() Provenance {
	p := Provenance{Program: "videomae", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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
