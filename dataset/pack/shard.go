package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"videomae/video"
)

// Damage is what is wrong with a shard, and where.
type Damage struct {
	Shard string // path of the file
	Clip  int    // number in the shard, counted from 0; -1: the shard as a whole
	Name  string // of the clip's item; "" where it cannot be told
	Frame int    // of the clip, counted from 0; -1: the clip as a whole
	Err   error
}

// Error names shard, clip and frame.
func (d *Damage) Error() string {
	text := "pack " + d.Shard
	if d.Clip >= 0 {
		text += fmt.Sprintf(": clip %d", d.Clip)
		if d.Name != "" {
			text += fmt.Sprintf(" (%s)", d.Name)
		}
	}
	if d.Frame >= 0 {
		text += fmt.Sprintf(", frame %d", d.Frame)
	}
	return fmt.Sprintf("%s: %v", text, d.Err)
}

// Unwrap is the reason.
func (d *Damage) Unwrap() error { return d.Err }

var errChecksum = errors.New("damaged: the checksum differs")

// shard is an open file of a pack.
type shard struct {
	path string
	file *os.File
	header
	footer
}

// openShard opens a shard and reads its two ends. Errors are of type *Damage, but for a file that is not there.
func openShard(path string) (*shard, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", path, video.Reason(err))
	}
	s := &shard{path: path, file: file}
	if err := s.ends(); err != nil {
		_ = file.Close() // only read
		return nil, s.damage(-1, "", -1, err)
	}
	return s, nil
}

func (s *shard) ends() error {
	info, err := s.file.Stat()
	if err != nil {
		return video.Reason(err)
	}
	if !info.Mode().IsRegular() {
		return errors.New("is not a file")
	}
	b := make([]byte, headerSize)
	if _, err := s.file.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return video.Reason(err)
	}
	if s.header, err = parseHeader(b); err != nil {
		return err
	}
	b = b[:footerSize]
	if err := s.read(b, info.Size()-footerSize); err != nil {
		return err
	}
	s.footer, err = parseFooter(b, info.Size())
	return err
}

func (s *shard) close() { _ = s.file.Close() } // only read

func (s *shard) damage(clip int, name string, frame int, err error) error {
	return &Damage{s.path, clip, name, frame, err}
}

// read fills b from an offset.
func (s *shard) read(b []byte, at int64) error {
	if _, err := s.file.ReadAt(b, at); errors.Is(err, io.EOF) {
		return errors.New("the file is cut short")
	} else if err != nil {
		return video.Reason(err)
	}
	return nil
}

// entry reads what the shard says of item n.
func (s *shard) entry(n int) (entry, error) {
	if n >= s.items {
		return entry{}, fmt.Errorf("pack %s: has clips 0 to %d, not %d", s.path, s.items-1, n)
	}
	row := make([]byte, itemRow)
	if err := s.read(row, s.footer.at+int64(n)*itemRow); err != nil {
		return entry{}, s.damage(n, "", -1, err)
	}
	e, err := s.entryAt(row)
	if err != nil {
		return entry{}, s.damage(n, "", -1, fmt.Errorf("its description cannot be read: %w", err))
	}
	return e, nil
}

// entryAt reads the entry that a row of the table of items means.
func (s *shard) entryAt(row []byte) (entry, error) {
	le := binary.LittleEndian
	at, length := int64(le.Uint64(row)), int64(le.Uint32(row[8:]))
	if at < headerSize || at > s.footer.at || length > s.footer.at-at {
		return entry{}, errors.New("the table of items is damaged")
	}
	b := make([]byte, length)
	if err := s.read(b, at); err != nil {
		return entry{}, err
	}
	if checksum(b) != le.Uint32(row[12:]) {
		return entry{}, errChecksum
	}
	e, err := parseEntry(b)
	if err == nil && (e.at < headerSize || e.tableAt > at || int64(e.frames)*frameRow > at-e.tableAt) && e.frames > 0 {
		return entry{}, errEntry
	}
	return e, err
}

// entries yields what the shard says of all its items, after a look at the checksum of their table. An error ends it.
func (s *shard) entries() iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		table := make([]byte, s.items*itemRow)
		err := s.read(table, s.footer.at)
		if err == nil && checksum(table) != s.footer.checksum {
			err = fmt.Errorf("its table of items is %w", errChecksum)
		}
		if err != nil {
			yield(entry{}, s.damage(-1, "", -1, err))
			return
		}
		for n := range s.items {
			e, err := s.entryAt(table[n*itemRow:][:itemRow])
			if err != nil {
				err = s.damage(n, "", -1, fmt.Errorf("its description cannot be read: %w", err))
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// span is where a frame lies.
type span struct {
	at       int64
	length   int
	checksum uint32
}

// spans reads where the frames of clip n lie.
func (s *shard) spans(n int, e entry) ([]span, error) {
	b := make([]byte, e.frames*frameRow)
	if err := s.read(b, e.tableAt); err != nil {
		return nil, s.damage(n, e.item.Name, -1, err)
	}
	if checksum(b) != e.table {
		return nil, s.damage(n, e.item.Name, -1, fmt.Errorf("its table of frames is %w", errChecksum))
	}
	list, at := make([]span, e.frames), e.at
	for i := range list {
		row := b[i*frameRow:]
		list[i] = span{at, int(binary.LittleEndian.Uint32(row)), binary.LittleEndian.Uint32(row[4:])}
		at += int64(list[i].length)
	}
	if at != e.tableAt {
		return nil, s.damage(n, e.item.Name, -1, errors.New("its frames do not fill the place they have"))
	}
	return list, nil
}

// frame reads the file of a frame into buffer, or into a longer one that it returns.
func (s *shard) frame(sp span, buffer []byte) ([]byte, error) {
	if cap(buffer) < sp.length {
		buffer = make([]byte, sp.length, sp.length*5/4)
	}
	buffer = buffer[:sp.length]
	if err := s.read(buffer, sp.at); err != nil {
		return buffer, err
	}
	if checksum(buffer) != sp.checksum {
		return buffer, errChecksum
	}
	return buffer, nil
}
