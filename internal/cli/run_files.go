// The files of a training run beside its checkpoints, and the decoder that it opens.

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"videomae/dataset"
	"videomae/metrics"
	"videomae/recipe"
	"videomae/report"
	"videomae/train"
	"videomae/video"
)

// newestOf is the newest checkpoint folder of a run that is to be resumed, "" for a new run. A folder that holds a run is not begun anew.
func newestOf(s Streams, out string, resume bool) (string, error) {
	newest, err := train.Newest(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if resume {
			fmt.Fprintf(s.Err, "nothing to resume in %s yet: beginning\n", out)
		}
		return "", nil
	case err != nil:
		return "", err
	case !resume:
		return "", fmt.Errorf("%s holds a run already: go on with --resume, or choose another --out", out)
	}
	return newest, nil
}

// unreadable tells of a clip that was replaced.
func (s Streams) unreadable(f dataset.Failure) {
	fmt.Fprintf(s.Err, "unreadable, replaced by the next clip: %v\n", f.Err)
}

// quarantineFile is the name of a run's list of files that are not tried, where the recipe names none.
const quarantineFile = "quarantine.csv"

// openForRun starts the decoder of a run.
func openForRun(s Streams, decoder string, data recipe.Data, out string) (video.Decoder, error) {
	o := decoding{decoder: decoder, frameRate: data.FrameRate, workers: data.Workers,
		deadline: time.Duration(data.DecodeSeconds * float64(time.Second)), quarantine: data.Quarantine}
	if o.quarantine == "" && out != "" {
		o.quarantine = filepath.Join(out, quarantineFile)
	}
	d, err := o.open()
	if err != nil {
		return nil, err
	}
	if d.quarantine != nil && d.quarantine.Len() > 0 {
		fmt.Fprintf(s.Err, "quarantine: %d files of %s are not tried\n", d.quarantine.Len(), o.quarantine)
	}
	return d, nil
}

// closeAfterRun ends what openForRun started, and tells what went wrong in it.
func closeAfterRun(s Streams, d video.Decoder) {
	if opened, ok := d.(openedDecoder); ok {
		if text := opened.account(); text != "" {
			fmt.Fprintln(s.Err, text)
		}
		opened.Close()
	}
}

// openSinks opens the files and the display that records go to.
func openSinks(s Streams, out string, from, steps int) (metrics.Sink, error) {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return nil, err
	}
	lines, err := metrics.OpenJSONL(metricsFile(out), from)
	if err != nil {
		return nil, err
	}
	board, err := metrics.NewTensorBoard(filepath.Join(out, "tensorboard"), from)
	if err != nil {
		return nil, errors.Join(err, lines.Close())
	}
	return metrics.Multi(lines, board, newProgress(s, steps)), nil
}

func metricsFile(out string) string { return filepath.Join(out, "metrics.jsonl") }
func curveFile(out string) string   { return filepath.Join(out, "loss.png") }

// drawCurve writes the loss curve of a run's folder.
func drawCurve(out, title, loss string) error {
	records, err := metrics.Read(metricsFile(out))
	if err != nil {
		return err
	}
	picture, err := report.LossCurve(records, title, loss)
	if err != nil {
		return err
	}
	return report.WritePNG(curveFile(out), picture)
}
