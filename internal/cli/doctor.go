package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/video/ffmpeg"
	"videomae/video/libav"
)

// diagnosis is what doctor finds.
type diagnosis struct {
	Engine   string          `json:"engine"` // used where no flag names one
	Engines  []engine.Choice `json:"engines"`
	Decoders []decoder       `json:"decoders"`

	Platform  string   `json:"platform"`
	Go        string   `json:"go"`
	SIMD      bool     `json:"goexperiment_simd"` // built with GOEXPERIMENT=simd
	CPUs      int      `json:"cpus"`              // that this program may use
	Features  []string `json:"cpu_features"`      // those that matrix products can use
	MemoryMiB int      `json:"memory_mib,omitempty"`
	FreeMiB   int      `json:"available_mib,omitempty"` // without swapping

	Problems []problem `json:"problems"`
}

// decoder describes one way of reading videos.
type decoder struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // empty where it is missing
	X264    bool   `json:"libx264,omitempty"` // ffmpeg writes H.264, as synth and reconstruct do
}

// problem is something that is missing, and how to get it.
type problem struct {
	What     string `json:"what"`
	Remedy   string `json:"remedy"`
	Blocking bool   `json:"blocking"` // models cannot be trained until it is solved
}

func newDoctor(s Streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine and build can do, and what is missing",
		Long: `Say which engines and video decoders there are, what the processor offers, what is missing and how to get it.

The exit status is 0 if models can be trained here, and 1 if not.`,
		Example: example("videomae doctor", "videomae doctor --json"),
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return doctor(c.Context(), s, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

func doctor(ctx context.Context, s Streams, asJSON bool) error {
	d := diagnose(ctx)
	if asJSON {
		if err := printJSON(s.Out, d); err != nil {
			return err
		}
	} else {
		d.print(s)
	}
	for _, p := range d.Problems {
		if p.Blocking {
			return errors.New("models cannot be trained here yet: " + p.What)
		}
	}
	return nil
}

func diagnose(ctx context.Context) diagnosis {
	d := diagnosis{Engine: engine.Name(""), Engines: engine.Choices(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		SIMD: builtWithSIMD(), CPUs: runtime.GOMAXPROCS(0), Features: cpuFeatures(), Problems: []problem{}}
	d.MemoryMiB, d.FreeMiB = memory()
	d.checkEngine()
	d.checkDecoder(ctx)
	return d
}

// checkEngine opens the default engine, as nothing else shows that it works.
func (d *diagnosis) checkEngine() {
	backend, err := engine.Open("")
	if err != nil {
		remedy := fmt.Sprintf("set %s to an engine of the list above, or unset it", compute.ConfigEnvVar)
		d.Problems = append(d.Problems, problem{err.Error(), remedy, true})
		return
	}
	backend.Finalize()
	if d.Engine == "go" && !d.SIMD && runtime.GOARCH == "amd64" {
		d.Problems = append(d.Problems, problem{What: "this build lacks GOEXPERIMENT=simd, with which the go engine is about ten times faster",
			Remedy: "build with make build"})
	}
}

// checkDecoder looks for the decoder in this program, and for ffmpeg and what this project needs of it.
func (d *diagnosis) checkDecoder(ctx context.Context) {
	d.Decoders = []decoder{{Name: "libav", Version: libav.Version()}}
	if libav.Version() == "" {
		_, err := libav.New(0)
		d.Problems = append(d.Problems, problem{What: "videos are decoded by the program ffmpeg, several times slower than in this program", Remedy: err.Error()})
	}
	found, err := ffmpeg.New(0)
	if err != nil {
		d.Decoders = append(d.Decoders, decoder{Name: "ffmpeg"})
		d.Problems = append(d.Problems, problem{"no ffmpeg and ffprobe: videos cannot be written, nor read without libav", err.Error(), libav.Version() == ""})
		return
	}
	encoders, err := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-encoders").Output()
	f := decoder{Name: found.Name(), Version: found.Version(), X264: err == nil && strings.Contains(string(encoders), " libx264 ")}
	d.Decoders = append(d.Decoders, f)
	if !f.X264 {
		d.Problems = append(d.Problems, problem{What: "ffmpeg cannot write H.264, so synth and reconstruct cannot write videos",
			Remedy: "install an ffmpeg that was built with libx264"})
	}
}

func (d diagnosis) print(s Streams) {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "platform\t%s, %s, GOEXPERIMENT=simd %s\n", d.Platform, d.Go, yesNo(d.SIMD))
	fmt.Fprintf(w, "processors\t%d, with %s\n", d.CPUs, strings.Join(d.Features, " "))
	if d.MemoryMiB > 0 {
		fmt.Fprintf(w, "memory\t%d MiB, %d MiB available\n", d.MemoryMiB, d.FreeMiB)
	}
	for _, c := range d.Engines {
		state := "available"
		if !c.Available {
			state = "missing: " + c.Missing
		}
		if c.Name == d.Engine {
			state += " (default)"
		}
		fmt.Fprintf(w, "engine %s\t%s, %s\n", c.Name, c.About, state)
	}
	for _, f := range d.Decoders {
		state := "missing"
		if f.Version != "" {
			state = f.Version
		}
		if f.Name == "ffmpeg" && f.Version != "" {
			state += ", libx264 " + yesNo(f.X264)
		}
		fmt.Fprintf(w, "decoder %s\t%s\n", f.Name, state)
	}
	w.Flush()
	for _, p := range d.Problems {
		fmt.Fprintf(s.Out, "\n%s\n  %s\n", p.What, p.Remedy)
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
