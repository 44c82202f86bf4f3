package isolated

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Quarantine is a list of files that are not tried any more, since they made a decoder hang or crash. Its zero value is an empty one
// that is kept in memory only. It is safe for concurrent use.
//
// In a file it is CSV under the header "path,reason,when" (full path, time in RFC 3339), so that it can be given wherever a list of videos can.
type Quarantine struct {
	file string

	mu      sync.Mutex
	reasons map[string]string // by full path
}

var quarantineHeader = []string{"path", "reason", "when"}

// OpenQuarantine reads a list of quarantined files, and has new ones appended to it. The list need not exist: the first quarantined
// file makes it. Files that have changed since they were quarantined are tried again.
func OpenQuarantine(file string) (*Quarantine, error) {
	q := &Quarantine{file: file}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return nil, err
	}
	err = readQuarantine(data, func(path, reason string, when time.Time) {
		path = full(path)
		if entry, err := os.Stat(path); err == nil && entry.ModTime().After(when) {
			delete(q.reasons, path)
			return
		}
		q.note(path, reason)
	})
	if err != nil {
		return nil, fmt.Errorf("quarantine list %s: %w", file, err)
	}
	return q, nil
}

// readQuarantine gives each row to a function. A last line that a full disk cut short does not count.
func readQuarantine(data []byte, row func(path, reason string, when time.Time)) error {
	r := csv.NewReader(bytes.NewReader(whole(data)))
	r.FieldsPerRecord = len(quarantineHeader)
	for first := true; ; first = false {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if first {
			if strings.Join(fields, ",") != strings.Join(quarantineHeader, ",") {
				return fmt.Errorf("its first line is %q, not %q: it is not a quarantine list", strings.Join(fields, ","), strings.Join(quarantineHeader, ","))
			}
			continue
		}
		when, err := time.Parse(time.RFC3339, fields[2])
		if err != nil || fields[0] == "" {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: wants a path and a time like 2006-01-02T15:04:05Z, has %q and %q", line, fields[0], fields[2])
		}
		row(fields[0], fields[1], when)
	}
}

// whole is the part of a file that consists of whole lines.
func whole(data []byte) []byte { return data[:bytes.LastIndexByte(data, '\n')+1] }

// Reason tells whether a file is quarantined, and why.
func (q *Quarantine) Reason(path string) (reason string, known bool) {
	path = full(path)
	q.mu.Lock()
	defer q.mu.Unlock()
	reason, known = q.reasons[path]
	return reason, known
}

// Len is the number of quarantined files.
func (q *Quarantine) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.reasons)
}

// Add quarantines a file. It stays so in memory where the list cannot be written.
func (q *Quarantine) Add(path, reason string) error {
	path = full(path)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.note(path, reason)
	if q.file == "" {
		return nil
	}
	return q.write(path, reason)
}

func (q *Quarantine) note(path, reason string) {
	if q.reasons == nil {
		q.reasons = map[string]string{}
	}
	q.reasons[path] = reason
}

// write appends a row to the file, after its last whole line.
func (q *Quarantine) write(path, reason string) (err error) {
	f, err := os.OpenFile(q.file, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	end := len(whole(data))
	var rows bytes.Buffer
	w := csv.NewWriter(&rows)
	if end == 0 {
		_ = w.Write(quarantineHeader) // to memory, which does not fail
	}
	_ = w.Write([]string{path, oneLine(reason), time.Now().UTC().Format(time.RFC3339)})
	w.Flush()
	if err := f.Truncate(int64(end)); err != nil {
		return err
	}
	if _, err := f.WriteAt(rows.Bytes(), int64(end)); err != nil {
		return err
	}
	return f.Sync()
}

// oneLine keeps a reason on one line of text.
func oneLine(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "?")
	}
	return strings.Join(strings.Fields(s), " ")
}

// full is the path that a file is known by, wherever the program runs.
func full(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
