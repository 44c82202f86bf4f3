package torch

import (
	"errors"
	"fmt"
	"io"
	"math"

	"videomae/weights"
	"videomae/weights/pickle"
)

// storage is a row of values in the file, which one or more tensors are views of.
type storage struct {
	key   string
	dtype weights.DType
	n     int64 // values
	at    int64 // of its first byte in the file
	found bool  // at is known

	base *storage // the storage that this one is a part of, nil for none
	from int64    // its first value in base
}

// view is the part of a storage that old files refer to as (key, offset, number of values).
func (s *storage) view(id any) (any, error) {
	if list, ok := id.(*pickle.List); ok {
		id = pickle.Tuple(list.Items)
	}
	part, err := integersAfter(id)
	if err != nil {
		return nil, err
	}
	return &storage{key: s.key, dtype: s.dtype, n: part[1], base: s, from: part[0]}, nil
}

// integersAfter gives the two numbers behind a key.
func integersAfter(id any) ([]int64, error) {
	v, ok := id.(pickle.Tuple)
	if !ok || len(v) != 3 {
		return nil, errors.New("a view of a storage that is not a tuple of 3")
	}
	return integers(v[1:])
}

// place finds a part of a storage where its whole is.
func (s *storage) place() error {
	b := s.base
	if b == nil {
		return nil
	}
	if s.from < 0 || s.n < 0 || s.from > b.n || s.n > b.n-s.from {
		return fmt.Errorf("a view of values %d to %d of a storage of %d", s.from, s.from+s.n, b.n)
	}
	s.found, s.at = b.found, b.at+s.from*widthOf(s.dtype)
	return nil
}

// tensor is a view of a storage: the element at index i lies at value offset + sum of i * stride.
type tensor struct {
	storage *storage
	offset  int64
	shape   []int
	stride  []int64
}

// maxRepeated is how many values a tensor may have that repeats those of a smaller storage.
const maxRepeated = 1 << 20

// check is an error for a view that does not lie in its storage or makes much of little, and for a storage that is not in the file.
func (t *tensor) check(fileSize int64) error {
	s := t.storage
	if err := s.place(); err != nil {
		return err
	}
	width := max(1, widthOf(s.dtype))
	switch {
	case !s.found:
		return fmt.Errorf("its storage %q is not in the file", s.key)
	case s.n < 0 || s.n > math.MaxInt64/width || s.at < 0 || s.at > fileSize || s.n*width > fileSize-s.at:
		return fmt.Errorf("its storage %q of %d %s values does not fit in the file", s.key, s.n, s.dtype)
	case len(t.shape) != len(t.stride):
		return fmt.Errorf("shape %v and strides %v", t.shape, t.stride)
	}
	values, last := int64(1), t.offset
	for i, d := range t.shape {
		if d < 0 || t.stride[i] < 0 {
			return fmt.Errorf("shape %v, strides %v", t.shape, t.stride)
		}
		if d == 0 {
			values = 0
		}
	}
	if values == 0 {
		return nil
	}
	for i, d := range t.shape {
		if int64(d) > max(s.n, maxRepeated)/values || d > 1 && t.stride[i] > s.n/int64(d-1) {
			return fmt.Errorf("shape %v with strides %v does not fit in a storage of %d values", t.shape, t.stride, s.n)
		}
		values *= int64(d)
		last += int64(d-1) * t.stride[i]
		if last >= s.n {
			break
		}
	}
	if t.offset < 0 || last >= s.n {
		return fmt.Errorf("it ends at value %d of a storage of %d", last, s.n)
	}
	return nil
}

// contiguous tells whether the values lie in the order of the index without gaps.
func (t *tensor) contiguous() bool {
	next := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != next {
			return false
		}
		next *= int64(t.shape[i])
	}
	return true
}

func (t *tensor) values() int64 {
	n := int64(1)
	for _, d := range t.shape {
		n *= int64(d)
	}
	return n
}

// read gives the values in C order. The part of the storage that they span is read at once.
func (t *tensor) read(file io.ReaderAt) ([]byte, error) {
	width, n := int64(t.storage.dtype.Size()), t.values()
	if width == 0 {
		return nil, fmt.Errorf("its type %s is not understood", t.storage.dtype)
	}
	if n == 0 {
		return nil, nil
	}
	span := int64(1)
	for i, d := range t.shape {
		span += int64(d-1) * t.stride[i]
	}
	buf := make([]byte, span*width)
	if _, err := file.ReadAt(buf, t.storage.at+t.offset*width); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if t.contiguous() {
		return buf, nil
	}
	out := make([]byte, 0, n*width)
	index := make([]int, len(t.shape))
	for at := int64(0); ; {
		out = append(out, buf[at*width:(at+1)*width]...)
		axis := len(index) - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			at += t.stride[axis]
			if index[axis] < t.shape[axis] {
				break
			}
			at -= int64(t.shape[axis]) * t.stride[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return out, nil
		}
	}
}
