package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"videomae/video"
)

// The files of an evaluation's folder.
const (
	PredictionsFile = "predictions.parquet"
	JournalFile     = "predictions.journal"
	lockFile        = ".lock"
)

// syncEvery is how much time's work a power cut may cost. A kill of the process costs nothing that Add returned for.
const syncEvery = 2 * time.Second

// Store is the predictions of an evaluation in a folder, from the first video on: a journal until all are there, then PredictionsFile. One
// that was interrupted goes on where it stopped. It is not for several goroutines at a time.
type Store struct {
	Kept    int   // videos that were there when it was opened; those that could not be read do not count, and are tried again
	Dropped int64 // bytes of a half-written record at the journal's end

	folder  string
	lock    *flock.Flock
	p       Predictions
	at      map[int]int // place in p.Videos by index
	done    bool        // PredictionsFile is there
	journal *os.File    // nil when done
	end     int64       // of the journal's last whole record
	synced  time.Time
}

// OpenStore opens an evaluation's folder, or makes it. It is an error, which names what differs, when predictions of another model, other
// data or other views are there. Close it after use.
func OpenStore(folder string, about About) (*Store, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	s := &Store{folder: folder, lock: flock.New(filepath.Join(folder, lockFile)), at: map[int]int{}}
	switch locked, err := s.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("evaluation %s: %w", folder, video.Reason(err))
	case !locked:
		return nil, fmt.Errorf("evaluation %s: another process is writing to it", folder)
	}
	if err := s.open(about); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(about About) error {
	path := filepath.Join(s.folder, PredictionsFile)
	p, err := ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.openJournal(about)
	case err != nil:
		return err
	}
	if err := s.same(path, p.About, about); err != nil {
		return err
	}
	s.p, s.done = p, true
	for i, v := range p.Videos {
		s.at[v.Index] = i
	}
	s.Kept = len(p.Videos)
	return nil
}

// same refuses predictions of something else.
func (s *Store) same(path string, was, is About) error {
	if d := was.Differences(is); len(d) > 0 {
		return fmt.Errorf("%s holds another evaluation: %s. Choose another folder, or remove that file", path, strings.Join(d, "; "))
	}
	return nil
}

// openJournal reads what a journal holds and goes on after its last whole record, or begins one.
func (s *Store) openJournal(about About) error {
	path := filepath.Join(s.folder, JournalFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("evaluation %s: %w", s.folder, video.Reason(err))
	}
	s.journal = file
	was, videos, whole, err := readJournal(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.Dropped = size - whole
	if whole == 0 {
		return s.begin(about)
	}
	if err := s.same(path, was, about); err != nil {
		return err
	}
	if err := errors.Join(file.Truncate(whole), seek(file, whole), file.Sync()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.end, s.p.About, s.synced = whole, was, time.Now()
	for _, v := range videos {
		s.put(v)
	}
	for _, v := range s.p.Videos {
		if s.Done(v.Index) {
			s.Kept++
		}
	}
	return nil
}

func seek(f *os.File, to int64) error {
	_, err := f.Seek(to, io.SeekStart)
	return err
}

// begin writes an empty journal.
func (s *Store) begin(about About) error {
	s.p.About = about
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	if err := errors.Join(s.journal.Truncate(0), seek(s.journal, 0)); err != nil {
		return fmt.Errorf("%s: %w", s.journal.Name(), err)
	}
	if err := s.write(append([]byte(journalMagic), frame(text)...)); err != nil {
		return err
	}
	s.synced = time.Now()
	if err := errors.Join(s.journal.Sync(), syncFolder(s.folder)); err != nil {
		return fmt.Errorf("%s: %w", s.journal.Name(), err)
	}
	return nil
}

// write appends to the journal; what was written in part, as on a full disk, is taken back.
func (s *Store) write(data []byte) error {
	if _, err := s.journal.Write(data); err != nil {
		back := errors.Join(s.journal.Truncate(s.end), seek(s.journal, s.end))
		return fmt.Errorf("%s: %w", s.journal.Name(), errors.Join(video.Reason(err), back))
	}
	s.end += int64(len(data))
	return nil
}

// put takes a video into memory, in place of what was there of it.
func (s *Store) put(v Video) {
	if i, there := s.at[v.Index]; there {
		s.p.Videos[i] = v
		return
	}
	s.at[v.Index] = len(s.p.Videos)
	s.p.Videos = append(s.p.Videos, v)
}

// Complete tells whether the evaluation had been finished when it was opened.
func (s *Store) Complete() bool { return s.done }

// Done tells whether a video of the list has been scored.
func (s *Store) Done(index int) bool {
	i, there := s.at[index]
	return there && (s.done || len(s.p.Videos[i].Views) > 0)
}

// Add keeps a video's predictions. When it returns they outlive the process, and some seconds later a power cut.
func (s *Store) Add(v Video) error {
	if s.journal == nil {
		return fmt.Errorf("evaluation %s is finished: nothing can be added", s.folder)
	}
	payload, err := encodeVideo(v)
	if err != nil {
		return err
	}
	if err := s.write(frame(payload)); err != nil {
		return err
	}
	s.put(v)
	if time.Since(s.synced) < syncEvery {
		return nil
	}
	s.synced = time.Now()
	return s.journal.Sync()
}

// Finish gives all predictions, in the order of the list, and makes PredictionsFile of the journal. It is an error when there are not total
// videos.
func (s *Store) Finish(total int) (Predictions, error) {
	if len(s.p.Videos) != total {
		return Predictions{}, fmt.Errorf("evaluation %s has %d videos, and the list %d", s.folder, len(s.p.Videos), total)
	}
	slices.SortFunc(s.p.Videos, func(a, b Video) int { return a.Index - b.Index })
	for i, v := range s.p.Videos {
		s.at[v.Index] = i
	}
	if s.done {
		return s.p, nil
	}
	if err := s.p.Write(filepath.Join(s.folder, PredictionsFile)); err != nil {
		return Predictions{}, err
	}
	s.done = true
	err := errors.Join(s.journal.Close(), os.Remove(s.journal.Name()))
	s.journal = nil
	return s.p, err
}

// Close gives the folder free. What was added stays.
func (s *Store) Close() error {
	var err error
	if s.journal != nil {
		err = errors.Join(s.journal.Sync(), s.journal.Close())
		s.journal = nil
	}
	return errors.Join(err, s.lock.Close())
}
