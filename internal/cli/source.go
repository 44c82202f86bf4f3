// Where checkpoints come from: a run or checkpoint folder of this program, anybody's file or folder, or hf:OWNER/NAME of the hub.

package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"videomae/convert"
)

// sourceHelp ends the help of flags that take a checkpoint.
const sourceHelp = "run, checkpoint folder, anybody's checkpoint, or hf:OWNER/NAME[@REVISION]"

// checkpointOf makes what --checkpoint names a checkpoint of this program: it is fetched and converted if need be.
func checkpointOf(ctx context.Context, s Streams, source string) (string, error) {
	if source == "" {
		return "", nil // to be refused by name
	}
	sources, done := sourcesOf(s)
	defer done()
	return sources.Native(ctx, source)
}

// initOf does the same for a command's flag --init, in place. A file of tensors stays one: training takes what it has under official names.
func initOf(c *cobra.Command, s Streams) error {
	flag := c.Flags().Lookup("init")
	source := flag.Value.String()
	if !flag.Changed || source == "none" || strings.EqualFold(filepath.Ext(source), ".safetensors") {
		return nil
	}
	folder, err := checkpointOf(c.Context(), s, source)
	if err != nil {
		return fmt.Errorf("--init: %w", err)
	}
	return flag.Value.Set(folder)
}

// weightsOf gives the file or folder that a source names, fetched if need be, as it is.
func weightsOf(ctx context.Context, s Streams, source string) (string, error) {
	sources, done := sourcesOf(s)
	defer done()
	return sources.Local(ctx, source)
}

// sourcesOf shows on the streams what goes on. done ends what it shows.
func sourcesOf(s Streams) (sources convert.Sources, done func()) {
	var bar *byteProgress
	done = func() {
		if bar != nil {
			bar.close()
			bar = nil
		}
	}
	sources.Progress = func(have, all int64) {
		if bar == nil {
			bar = newByteProgress(s)
		}
		bar.progress(have, all)
		if have >= all {
			done()
		}
	}
	sources.Report = func(text string) {
		done()
		fmt.Fprintln(s.Err, text)
	}
	return sources, done
}
