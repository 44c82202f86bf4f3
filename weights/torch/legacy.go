package torch

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"

	"videomae/weights"
	"videomae/weights/pickle"
)

// What the first two pickles of a file in the row format hold.
const (
	legacyMagic   = "1950a86a20f9469cfc6c" // in base 16
	legacyVersion = 1001
)

// readLegacy reads the format before PyTorch 1.6: pickles of a magic number, a version, the writing system, the objects, and the list
// of storages' keys; then for each of those the number of its values in 8 bytes, and the values.
func (f *File) readLegacy(o Options) (any, error) {
	section := io.NewSectionReader(f.file, 0, f.size)
	in := bufio.NewReaderSize(section, 1<<16)
	var at int64
	all := storages{}
	next := func(r pickle.Reader) (any, error) {
		v, n, err := r.Read(in, f.size-at)
		at += n
		return v, err
	}
	plainReader := pickle.Reader{Allow: o.allow}
	magic, err := next(plainReader)
	if n, ok := magic.(*big.Int); err != nil || !ok || n.Text(16) != legacyMagic {
		return nil, errors.New("it is in none of PyTorch's formats")
	}
	version, err := next(plainReader)
	if err != nil || version != int64(legacyVersion) {
		return nil, fmt.Errorf("version %s of the format is not known", text(version))
	}
	system, err := next(plainReader)
	if err != nil {
		return nil, err
	}
	if d, ok := system.(*pickle.Dict); ok {
		if little, there := d.Get("little_endian"); there && little != true {
			return nil, errors.New("its values are big-endian; only little-endian ones are read")
		}
	}
	root, err := next(pickle.Reader{Allow: o.allow, Persistent: all.load, Call: call})
	if err != nil {
		return nil, err
	}
	list, err := next(plainReader)
	if err != nil {
		return nil, err
	}
	stored, ok := list.(*pickle.List)
	if !ok {
		return nil, errors.New("the list of its storages is missing")
	}
	return root, f.findInRow(all, stored.Items, at)
}

// findInRow takes the places of storages that follow one another from byte at on.
func (f *File) findInRow(all storages, stored []any, at int64) error {
	for _, k := range stored {
		key, ok := k.(string)
		s := all[key]
		if !ok || s == nil {
			return fmt.Errorf("storage %q belongs to nothing, so that its type is not known", text(k))
		}
		var count [8]byte
		if _, err := f.file.ReadAt(count[:], at); err != nil {
			return fmt.Errorf("storage %q: it is cut off", key)
		}
		if n := int64(binary.LittleEndian.Uint64(count[:])); n != s.n {
			return fmt.Errorf("storage %q has %d values, not %d", key, n, s.n)
		}
		width := widthOf(s.dtype)
		if width == 0 {
			return fmt.Errorf("storage %q is of type %s, whose size is not known", key, s.dtype)
		}
		s.at, s.found = at+8, true
		if s.n < 0 || s.n > (f.size-s.at)/width {
			return fmt.Errorf("storage %q: it is cut off", key)
		}
		at = s.at + s.n*width
	}
	return nil
}

// odd gives the sizes of element types that are not read but may stand between those that are.
var odd = map[weights.DType]int64{"I16": 2, "C64": 8, "C128": 16}
