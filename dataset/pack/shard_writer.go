package pack

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"

	"videomae/video"
)

// shardWriter writes one shard beside its final name.
type shardWriter struct {
	path    string // the final one
	file    *os.File
	out     *bufio.Writer
	at      int64 // where the next byte goes
	entries []entry
	rows    []byte // table of frames of the clip in the making
	began   int64  // where that clip began
	frames  int    // of the clips before
}

func newShardWriter(dir string, h header) (*shardWriter, error) {
	w := &shardWriter{path: filepath.Join(dir, shardName(h.number))}
	_, err := os.Lstat(w.path)
	if err == nil {
		return nil, errors.New("is there already, though the description does not have it: remove it")
	}
	if w.file, err = os.Create(w.path + part); err != nil {
		return nil, video.Reason(err)
	}
	w.out = bufio.NewWriterSize(w.file, 1<<20)
	return w, w.write(h.bytes())
}

func (w *shardWriter) write(b []byte) error {
	n, err := w.out.Write(b)
	w.at += int64(n)
	return video.Reason(err)
}

// begin starts a clip.
func (w *shardWriter) begin() { w.began, w.rows = w.at, w.rows[:0] }

// add appends frames to the clip: their files, one after another, and the table rows of them.
func (w *shardWriter) add(p pictureRun) error {
	w.rows = append(w.rows, p.rows...)
	return w.write(p.files)
}

// end finishes the clip.
func (w *shardWriter) end(e entry) error {
	e.at, e.tableAt, e.table = w.began, w.at, checksum(w.rows)
	w.entries = append(w.entries, e)
	w.frames += e.frames
	return w.write(w.rows)
}

// fail takes back what there is of the clip, and notes why.
func (w *shardWriter) fail(e entry) error {
	if w.at > w.began {
		if err := w.out.Flush(); err != nil {
			return video.Reason(err)
		}
		if err := w.file.Truncate(w.began); err != nil {
			return video.Reason(err)
		}
		if _, err := w.file.Seek(w.began, io.SeekStart); err != nil {
			return video.Reason(err)
		}
		w.at = w.began
	}
	e.at, e.tableAt, e.frames = w.at, w.at, 0
	w.entries = append(w.entries, e)
	return nil
}

// finish writes what follows the clips and gives the file its name. It describes it, but for First.
func (w *shardWriter) finish() (Shard, error) {
	var table, text []byte
	for _, e := range w.entries {
		text = e.append(text[:0])
		table = binary.LittleEndian.AppendUint64(table, uint64(w.at))
		table = binary.LittleEndian.AppendUint32(table, uint32(len(text)))
		table = binary.LittleEndian.AppendUint32(table, checksum(text))
		if err := w.write(text); err != nil {
			return Shard{}, err
		}
	}
	length := w.at + int64(len(table)) + footerSize
	foot := footer{at: w.at, items: len(w.entries), checksum: checksum(table), length: length}
	if err := errors.Join(w.write(table), w.write(foot.bytes()), w.out.Flush(), w.file.Sync()); err != nil {
		return Shard{}, video.Reason(err)
	}
	if err := w.file.Close(); err != nil {
		return Shard{}, video.Reason(err)
	}
	sum, err := digest(w.path + part)
	if err == nil {
		err = settle(w.path)
	}
	return Shard{File: filepath.Base(w.path), Items: len(w.entries), Frames: w.frames, Bytes: length, SHA256: sum}, err
}

// abandon removes the unfinished file.
func (w *shardWriter) abandon() {
	_ = w.file.Close() // it is of no use
	_ = os.Remove(w.path + part)
}
