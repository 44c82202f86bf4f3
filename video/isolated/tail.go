package isolated

import (
	"bytes"
	"regexp"
	"strings"
)

// tail is a worker's standard error: it keeps the end of what is written to it.
type tail struct{ end []byte }

const tailBytes, tailLines = 1 << 16, 3

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p...)
	if extra := len(t.end) - tailBytes; extra > 0 {
		t.end = append(t.end[:0], t.end[extra:]...)
	}
	return len(p), nil
}

// crash begins the first line of what Go prints when a program dies.
var crash = regexp.MustCompile(`(?m)^(panic: |fatal error: |runtime: out of memory|SIG[A-Z]+: ).*(\n\[signal .*)?`)

// String is the reason of a crash or else the last lines, joined to one.
func (t *tail) String() string {
	reason := bytes.TrimSpace(t.end)
	if found := crash.Find(reason); found != nil {
		reason = found
	}
	lines := strings.Split(string(reason), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "; ")
}
