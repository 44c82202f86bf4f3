package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// run starts a program, hands its output to read, and waits for its end. It returns the last lines of what the program complained of;
// an error holds them already.
func (d *Decoder) run(ctx context.Context, program string, args []string, read func(io.Reader) error) (complaint string, err error) {
	limited, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	cmd := exec.CommandContext(limited, program, args...)
	ownGroup(cmd)
	cmd.WaitDelay = time.Second
	var log tail
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	readErr := read(out)
	_, _ = io.Copy(io.Discard, out) // a program that still writes must not wait for a reader
	waitErr := cmd.Wait()
	name := filepath.Base(program)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("%s took longer than %v and was ended", name, d.deadline)
	case waitErr != nil:
		return "", withLog(fmt.Errorf("%s: %w", name, waitErr), log.String())
	case readErr != nil:
		return "", withLog(readErr, log.String())
	}
	return log.String(), nil
}

func withLog(err error, log string) error {
	if log == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, log)
}

// tail keeps the end of what is written to it.
type tail struct{ end []byte }

const tailBytes, tailLines = 4096, 4

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p...)
	if extra := len(t.end) - tailBytes; extra > 0 {
		t.end = append(t.end[:0], t.end[extra:]...)
	}
	return len(p), nil
}

// String is the last lines, joined to one.
func (t *tail) String() string {
	lines := strings.Split(string(bytes.TrimSpace(t.end)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}
