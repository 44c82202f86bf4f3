package check

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"

	"videomae/dataset"
	"videomae/video"
)

// store keeps verdicts on disk, a line of JSON each: those of this run, of which earlier rows are read again when a duplicate names them,
// and those of earlier runs, whose facts hold as long as the files are unchanged.
//
// A run writes FILE.part and ends by renaming it to FILE, which then has the rows of the list in their order. A run that was stopped, or
// whose machine was, leaves its part; it is appended to FILE, where the last line of a video counts.
type store struct {
	file    string // "" where verdicts are kept only as long as the run lasts
	part    *os.File
	size    int64
	offsets []int64 // of this run's lines, by row
	old     *os.File
	known   map[uint64]int64 // offset of the line in old, by what key makes of the item
	seed    maphash.Seed
}

func openStore(file string) (*store, error) {
	s := &store{file: file, known: map[uint64]int64{}, seed: maphash.MakeSeed()}
	if file == "" {
		part, err := os.CreateTemp("", "videomae-check-*.jsonl")
		if err != nil {
			return nil, err
		}
		_ = os.Remove(part.Name()) // it lives until it is closed; where a system does not allow that, close removes it
		s.part = part
		return s, nil
	}
	if err := s.takePart(); err != nil {
		return nil, fmt.Errorf("results %s: %w", file, video.Reason(err))
	}
	if err := s.readOld(); err != nil {
		return nil, fmt.Errorf("results %s: %w", file, err)
	}
	var err error
	if s.part, err = os.Create(partOf(file)); err != nil {
		return nil, fmt.Errorf("results %s: %w", file, video.Reason(err))
	}
	return s, nil
}

func partOf(file string) string { return file + ".part" }

// takePart appends what a run left that did not end.
func (s *store) takePart() error {
	part, err := os.Open(partOf(s.file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer part.Close()
	all, err := os.OpenFile(s.file, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer all.Close()
	end, err := wholeLines(all)
	if err == nil {
		_, err = all.Seek(end, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(all, part)
	}
	if err == nil {
		err = all.Close()
	}
	if err != nil {
		return err
	}
	return os.Remove(part.Name())
}

// wholeLines is the length of a file without what stands after its last line's end.
func wholeLines(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	block := make([]byte, 1<<16)
	for end > 0 {
		n := min(end, int64(len(block)))
		if _, err := f.ReadAt(block[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// readOld notes where earlier verdicts stand. Lines that are none are passed over, but a file without any is refused, as it is to be
// replaced.
func (s *store) readOld() error {
	old, err := os.Open(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return video.Reason(err)
	}
	s.old = old
	lines, offset, own := bufio.NewReaderSize(old, 1<<16), int64(0), false
	for {
		line, err := lines.ReadSlice('\n')
		for errors.Is(err, bufio.ErrBufferFull) { // longer than any line of ours
			own = own || bytes.HasPrefix(line, []byte(`{"summary"`))
			offset += int64(len(line))
			line, err = lines.ReadSlice('\n')
		}
		var v struct {
			Path         string
			First, Count int
			Verdict      Level
			Summary      json.RawMessage
		}
		if json.Unmarshal(line, &v) == nil {
			own = own || v.Verdict != "" || v.Summary != nil
			if v.Verdict != "" {
				s.known[s.key(v.Path, v.First, v.Count)] = offset
			}
		}
		offset += int64(len(line))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if !own && offset > 0 {
		return errors.New("holds something else than results of checks: choose another file, or remove it")
	}
	return nil
}

// key identifies what a row means.
func (s *store) key(path string, first, count int) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	fmt.Fprintf(&h, "%d %d %s", first, count, path)
	return h.Sum64()
}

// recall returns the facts of an earlier run, if the file is as it was then and could be read.
func (s *store) recall(item dataset.Item, now Facts, deep, prints bool) (Facts, bool) {
	offset, known := s.known[s.key(item.Path, item.First, item.Count)]
	if !known || now.Failure != "" {
		return now, false
	}
	v, err := readVerdict(s.old, offset)
	if err != nil || v.Path != item.Path || v.First != item.First || v.Count != item.Count {
		return now, false
	}
	f := v.Facts
	fits := f.Bytes == now.Bytes && f.Modified == now.Modified && f.Video != nil && f.Failure == "" &&
		(f.Deep || !deep) && (f.Print != nil || !prints)
	return f, fits
}

// append adds the verdict of the next row.
func (s *store) append(v Verdict) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.offsets = append(s.offsets, s.size)
	return s.write(line)
}

func (s *store) write(line []byte) error {
	line = append(line, '\n')
	if _, err := s.part.WriteAt(line, s.size); err != nil {
		return fmt.Errorf("results %s: %w", s.part.Name(), video.Reason(err))
	}
	s.size += int64(len(line))
	return nil
}

// read returns the verdict of an earlier row, counted from 0.
func (s *store) read(row uint32) (Verdict, error) { return readVerdict(s.part, s.offsets[row]) }

func readVerdict(f *os.File, offset int64) (v Verdict, err error) {
	line, err := bufio.NewReader(io.NewSectionReader(f, offset, 1<<24)).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return v, err
	}
	return v, json.Unmarshal(line, &v)
}

// close ends the run: with a summary if it went through the whole list. What was found until then is kept either way.
func (s *store) close(summary *Summary) error {
	if s.old != nil {
		defer s.old.Close()
	}
	if s.file == "" {
		err := s.part.Close()
		_ = os.Remove(s.part.Name()) // gone already on most systems
		return err
	}
	var err error
	if summary != nil {
		var line []byte
		if line, err = json.Marshal(map[string]*Summary{"summary": summary}); err == nil {
			err = s.write(line)
		}
	}
	if err == nil {
		err = s.part.Sync()
	}
	err = errors.Join(err, s.part.Close())
	switch {
	case err != nil:
		return fmt.Errorf("results %s: %w", s.file, video.Reason(err))
	case summary != nil:
		err = os.Rename(s.part.Name(), s.file)
	default:
		err = s.takePart()
	}
	if err != nil {
		return fmt.Errorf("results %s: %w", s.file, err)
	}
	return nil
}
