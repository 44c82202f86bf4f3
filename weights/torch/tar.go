package torch

import (
	"archive/tar"
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"videomae/weights"
	"videomae/weights/pickle"
)

// isTar tells whether a file starts with the header of a tar archive.
func isTar(start []byte) bool { return len(start) >= 262 && string(start[257:262]) == "ustar" }

// archive is what a tar archive of PyTorch before version 0.1.11 holds: storages with their values, tensors, and the pickle that refers to
// those by number.
type archive struct {
	file     *File
	allow    Options
	parts    map[string]*io.SectionReader
	starts   map[string]int64
	storages map[int64]*storage
	tensors  map[int64]*tensor
}

// readTar reads the first format that PyTorch had.
func (f *File) readTar(o Options) (any, error) {
	a := archive{file: f, allow: o, parts: map[string]*io.SectionReader{}, starts: map[string]int64{}, storages: map[int64]*storage{}, tensors: map[int64]*tensor{}}
	section := io.NewSectionReader(f.file, 0, f.size)
	for r := tar.NewReader(section); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		at, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		a.parts[h.Name], a.starts[h.Name] = io.NewSectionReader(f.file, at, h.Size), at
	}
	for _, name := range []string{"storages", "tensors", "pickle"} {
		if a.parts[name] == nil {
			return nil, fmt.Errorf("its archive has no %q", name)
		}
	}
	if err := a.readStorages(); err != nil {
		return nil, fmt.Errorf("storages: %w", err)
	}
	if err := a.readTensors(); err != nil {
		return nil, fmt.Errorf("tensors: %w", err)
	}
	part := a.parts["pickle"]
	root, _, err := pickle.Reader{Allow: o.allow, Persistent: a.load, Call: call}.Read(bufio.NewReader(part), part.Size())
	return root, err
}

// row reads pickles and numbers that stand one after another in a part of the archive.
type row struct {
	part *io.SectionReader
	in   *bufio.Reader
	at   int64
	o    Options
}

func (a archive) row(name string) *row {
	return &row{part: a.parts[name], in: bufio.NewReader(a.parts[name]), o: a.allow}
}

func (r *row) pickle() (any, error) {
	v, n, err := pickle.Reader{Allow: r.o.allow}.Read(r.in, r.part.Size()-r.at)
	r.at += n
	return v, err
}

// count reads a pickled number of things, each of which takes some bytes.
func (r *row) count() (int64, error) {
	v, err := r.pickle()
	n, ok := v.(int64)
	if err == nil && (!ok || n < 0 || n > r.part.Size()) {
		err = fmt.Errorf("a number of entries that is %s", describe(v))
	}
	return n, err
}

// entry reads a pickled tuple of n values.
func (r *row) entry(n int) (pickle.Tuple, error) {
	v, err := r.pickle()
	t, ok := v.(pickle.Tuple)
	if err == nil && (!ok || len(t) != n) {
		err = fmt.Errorf("an entry that is a %s", describe(v))
	}
	return t, err
}

// integers reads n numbers of 8 bytes.
func (r *row) integers(n int64) ([]int64, error) {
	if n < 0 || n > (r.part.Size()-r.at)/8 {
		return nil, io.ErrUnexpectedEOF
	}
	out := make([]int64, n)
	err := binary.Read(r.in, binary.LittleEndian, out)
	r.at += 8 * n
	return out, err
}

// skip passes over n bytes.
func (r *row) skip(n int64) error {
	if n < 0 || n > r.part.Size()-r.at {
		return io.ErrUnexpectedEOF
	}
	r.at += n
	if _, err := r.part.Seek(r.at, io.SeekStart); err != nil {
		return err
	}
	r.in.Reset(r.part)
	return nil
}

func (a archive) readStorages() error {
	r := a.row("storages")
	n, err := r.count()
	if err != nil {
		return err
	}
	for range n {
		e, err := r.entry(3) // key, device, class
		if err != nil {
			return err
		}
		key, ok1 := e[0].(int64)
		class, ok2 := e[2].(pickle.Global)
		dtype, ok3 := storageTypes[class.Name]
		if !ok1 || !ok2 || !ok3 {
			return errors.New("an entry without key and class")
		}
		size, err := r.integers(1)
		if err != nil {
			return err
		}
		width := widthOf(dtype)
		s := &storage{key: strconv.FormatInt(key, 10), dtype: dtype, n: size[0], at: a.starts["storages"] + r.at, found: true}
		if s.n < 0 || s.n > (r.part.Size()-r.at)/width {
			return fmt.Errorf("storage %d: it is cut off", key)
		}
		a.storages[key] = s
		if err := r.skip(s.n * width); err != nil {
			return err
		}
	}
	return a.readViews(r)
}

// readViews reads which storages are parts of others.
func (a archive) readViews(r *row) error {
	v, err := r.pickle()
	if err != nil {
		return err
	}
	list, ok := v.(*pickle.List)
	if !ok {
		return errors.New("the list of views is missing")
	}
	for _, item := range list.Items {
		n, err := integers(item) // key, key of the whole, first value, number of values
		if err != nil || len(n) != 4 || a.storages[n[1]] == nil {
			return errors.Join(errors.New("a view of no storage"), err)
		}
		base := a.storages[n[1]]
		a.storages[n[0]] = &storage{key: strconv.FormatInt(n[0], 10), dtype: base.dtype, n: n[3], base: base, from: n[2]}
	}
	return nil
}

func (a archive) readTensors() error {
	r := a.row("tensors")
	n, err := r.count()
	if err != nil {
		return err
	}
	for range n {
		e, err := r.entry(3) // key, key of the storage, class
		if err != nil {
			return err
		}
		key, ok1 := e[0].(int64)
		of, ok2 := e[1].(int64)
		if !ok1 || !ok2 || a.storages[of] == nil {
			return errors.New("a tensor without key and storage")
		}
		rank, err := r.integers(1) // 4 bytes, and 4 that mean nothing
		if err != nil {
			return err
		}
		axes := int64(int32(rank[0]))
		numbers, err := r.integers(2*axes + 1) // shape, strides, offset
		if err != nil {
			return err
		}
		t := &tensor{storage: a.storages[of], stride: numbers[axes : 2*axes], offset: numbers[2*axes]}
		for _, d := range numbers[:axes] {
			t.shape = append(t.shape, int(d))
		}
		a.tensors[key] = t
	}
	return nil
}

// load resolves a reference of the pickle: the number of a tensor or storage, or a class and where it is defined.
func (a archive) load(id any) (any, error) {
	if tuple, ok := id.(pickle.Tuple); ok && len(tuple) > 0 {
		return tuple[0], nil
	}
	key, ok := id.(int64)
	if name, isText := id.(string); isText {
		n, err := strconv.ParseInt(name, 10, 64)
		key, ok = n, err == nil
	}
	if t := a.tensors[key]; ok && t != nil {
		return t, nil
	}
	if s := a.storages[key]; ok && s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("a reference to %s, which is not in the file", describe(id))
}

// widthOf is the size of one value of a type, of those too that are not read but stand between others.
func widthOf(d weights.DType) int64 {
	if n := d.Size(); n > 0 {
		return int64(n)
	}
	return odd[d]
}
