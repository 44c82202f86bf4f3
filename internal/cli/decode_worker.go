package cli

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"videomae/dataset/pack"
	"videomae/video"
	"videomae/video/imagedir"
	"videomae/video/isolated"
)

// decodeWorker is the verb by which this program starts itself to decode.
const decodeWorker = "decode-worker"

func newDecodeWorker(Streams) *cobra.Command {
	var name string
	var frameRate float64
	c := &cobra.Command{
		Use:    decodeWorker,
		Short:  "Decode for the process that started this one",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			const long = 24 * time.Hour // each request has a time limit of its own
			files, err := openFileDecoder(name, long)
			if err != nil {
				return err
			}
			d := video.Mux{Files: files, Folders: imagedir.Decoder{FPS: frameRate}}
			return isolated.Serve(c.Context(), d, isolated.Inherited())
		},
	}
	c.Flags().StringVar(&name, "decoder", autoDecoder, decoderHelp)
	c.Flags().Float64Var(&frameRate, "frame-rate", 0, "frames a second of folders of pictures")
	return c
}

// decoding says how videos are to be decoded.
type decoding struct {
	decoder    string
	frameRate  float64       // of folders of pictures
	workers    int           // clips decoded at once (0: one for each CPU)
	deadline   time.Duration // for a clip (0: a minute)
	quarantine string        // list of files not to try ("": none)
}

// openedDecoder decodes videos and folders of pictures in worker processes, and packs, which are our own, in this one.
type openedDecoder struct {
	video.Mux
	workers    *isolated.Decoder // nil where the system has no worker processes
	quarantine *isolated.Quarantine
}

// open starts decoders.
func (o decoding) open() (openedDecoder, error) {
	direct, err := directDecoder(o.decoder, o.frameRate) // says what is missing, better than a process that cannot start
	if err != nil || !isolated.Supported {
		return openedDecoder{Mux: direct}, err
	}
	quarantine := &isolated.Quarantine{}
	if o.quarantine != "" {
		if quarantine, err = isolated.OpenQuarantine(o.quarantine); err != nil {
			return openedDecoder{}, err
		}
	}
	program, err := os.Executable()
	if err != nil {
		return openedDecoder{}, err
	}
	workers, err := isolated.New(isolated.Options{
		Command: []string{program, decodeWorker, "--decoder", o.decoder, "--frame-rate", fmt.Sprint(o.frameRate)},
		Workers: o.workers, Deadline: o.deadline, Quarantine: quarantine,
	})
	if err != nil {
		return openedDecoder{}, err
	}
	return openedDecoder{Mux: video.Mux{Files: workers, Folders: workers, Packs: direct.Packs}, workers: workers, quarantine: quarantine}, nil
}

// Close ends the worker processes.
func (d openedDecoder) Close() {
	if d.workers != nil {
		d.workers.Close()
	}
}

// account tells what went wrong with worker processes, or "".
func (d openedDecoder) account() string {
	if d.workers == nil {
		return ""
	}
	s := d.workers.Stats()
	if s.Retries == 0 && s.Quarantined == 0 {
		return ""
	}
	return fmt.Sprintf("decoding: %d calls were made once more after their worker process hung or died; %d files were quarantined", s.Retries, s.Quarantined)
}

// openDecoder starts decoders of a name in worker processes. Folders of pictures have frameRate.
func openDecoder(name string, frameRate float64) (openedDecoder, error) {
	return decoding{decoder: name, frameRate: frameRate}.open()
}

// directDecoder decodes in this process.
func directDecoder(name string, frameRate float64) (video.Mux, error) {
	files, err := openFileDecoder(name, 0)
	return video.Mux{Files: files, Folders: imagedir.Decoder{FPS: frameRate}, Packs: pack.Decoder{}}, err
}
