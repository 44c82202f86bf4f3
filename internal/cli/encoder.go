package cli

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/spf13/cobra"

	"videomae/engine"
	"videomae/extract"
	"videomae/train"
	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/vit"
)

// encoderOptions are what verbs that run a trained model on videos share.
type encoderOptions struct {
	checkpoint        string
	engine, precision string
	decoder           string
	frameRate         float64
}

func (o *encoderOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.checkpoint, "checkpoint", "", sourceHelp)
	f.StringVar(&o.engine, "engine", "", "compute engine (videomae doctor lists them)")
	f.StringVar(&o.precision, "precision", "f32", "of the matrix products: f32 or bf16")
	f.StringVar(&o.decoder, "decoder", autoDecoder, decoderHelp)
	f.Float64Var(&o.frameRate, "frame-rate", 12, "frames a second of folders of pictures")
}

// machine is an engine and a decoder, ready to run a model on videos.
type machine struct {
	backend compute.Backend
	how     vit.Compute
	decoder openedDecoder
}

// start opens the engine and the decoder. Long videos go through ffmpeg in one pass where it is there.
func (o encoderOptions) start() (machine, error) {
	decoder, err := openDecoder(o.decoder, o.frameRate)
	if err != nil {
		return machine{}, err
	}
	if o.decoder != "libav" {
		if long, err := ffmpeg.New(0); err == nil {
			decoder.Long = long
		}
	}
	backend, err := engine.Open(o.engine)
	if err != nil {
		decoder.Close()
		return machine{}, err
	}
	m := machine{backend: backend, decoder: decoder}
	if m.how, err = train.Compute(backend, o.precision); err != nil {
		m.close()
		return machine{}, err
	}
	return m, nil
}

func (m machine) close() {
	m.decoder.Close()
	m.backend.Finalize()
}

// noteVariable writes a remark on a video whose frames are not evenly spaced.
func noteVariable(s Streams, info video.Info) {
	if info.Variable {
		fmt.Fprintf(s.Err, "%s: its frames are not evenly spaced in time; times are those of an even %.4g frames a second\n", info.Path, info.FPS)
	}
}

// noteShort writes a remark on a video that is shorter than a window.
func noteShort(s Streams, info video.Info, w extract.Windows) {
	if w.Short() {
		fmt.Fprintf(s.Err, "%s: %d frames are fewer than a window covers; its last frame repeats\n", info.Path, info.Frames)
	}
}
