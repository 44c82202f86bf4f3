// The JSON Lines file: one record a line.

package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
)

// JSONL is a sink that appends to a file. Every record is in the file when Log returns, so a killed run loses at most the
// line that was being written, which Read and OpenJSONL pass over.
type JSONL struct{ file *os.File }

// OpenJSONL opens the file at path for records that follow step. Records of later steps, left by a run that went on past the
// checkpoint it now resumes from, are cut off, so 0 starts afresh. A file that does not exist is made.
func OpenJSONL(path string, step int) (*JSONL, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	keep := 0
	err = eachLine(path, text, func(r Record, end int) {
		if r.Step <= step {
			keep = end
		}
	})
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("open metrics: %w", err)
	}
	if err := file.Truncate(int64(keep)); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cut metrics %s back to step %d: %w", path, step, err)
	}
	return &JSONL{file}, nil
}

// Log appends a record in a single write.
func (j *JSONL) Log(r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write metrics %s, step %d: %w", j.file.Name(), r.Step, err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write metrics, step %d: %w", r.Step, err)
	}
	return nil
}

// Picture does nothing: the file holds numbers only.
func (j *JSONL) Picture(int, string, image.Image) error { return nil }

// Close flushes the file to the disk.
func (j *JSONL) Close() error { return errors.Join(j.file.Sync(), j.file.Close()) }

// Read returns the records of a file that a JSONL sink wrote, in order. A last line without its end is not a record yet.
func Read(path string) ([]Record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	var records []Record
	err = eachLine(path, text, func(r Record, _ int) { records = append(records, r) })
	return records, err
}

// eachLine calls visit with the record of every complete line and with the offset of the line's end.
func eachLine(path string, text []byte, visit func(r Record, end int)) error {
	start := 0
	for line := 1; ; line++ {
		n := bytes.IndexByte(text[start:], '\n')
		if n < 0 {
			return nil
		}
		var r Record
		if err := json.Unmarshal(text[start:start+n], &r); err != nil {
			return fmt.Errorf("metrics %s, line %d is not a record (%w): mend or delete that line", path, line, err)
		}
		start += n + 1
		visit(r, start)
	}
}
