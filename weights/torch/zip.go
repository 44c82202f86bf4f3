package torch

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"path"
	"strings"

	"videomae/weights/pickle"
)

// readZip reads a zip archive of one folder with data.pkl, and the bytes of storage K, not compressed, as data/K.
func (f *File) readZip(o Options) (any, error) {
	archive, err := zip.NewReader(f.file, f.size)
	if err != nil {
		return nil, fmt.Errorf("it is cut off or not a zip archive: %w", err)
	}
	records := map[string]*zip.File{}
	folder := ""
	for _, r := range archive.File {
		if _, twice := records[r.Name]; twice {
			return nil, fmt.Errorf("two records are called %q", r.Name)
		}
		records[r.Name] = r
		if path.Base(r.Name) == "data.pkl" && strings.Count(r.Name, "/") == 1 {
			folder = path.Dir(r.Name) + "/"
		}
	}
	if folder == "" {
		return nil, fmt.Errorf("its archive has no data.pkl")
	}
	if _, script := records[folder+"constants.pkl"]; script {
		return nil, fmt.Errorf("it is a TorchScript program, which would have to be run; save its state_dict instead")
	}
	if err := checkOrder(records[folder+"byteorder"]); err != nil {
		return nil, err
	}
	record, err := records[folder+"data.pkl"].Open()
	if err != nil {
		return nil, err
	}
	defer record.Close()
	all := storages{}
	reader := pickle.Reader{Allow: o.allow, Persistent: all.load, Call: call}
	root, _, err := reader.Read(bufio.NewReader(record), int64(min(records[folder+"data.pkl"].UncompressedSize64, 1<<62)))
	if err != nil {
		return nil, err
	}
	for key, s := range all {
		if err := s.find(records[folder+"data/"+key]); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// checkOrder refuses values whose bytes are in the other order.
func checkOrder(record *zip.File) error {
	if record == nil {
		return nil
	}
	r, err := record.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	order, err := io.ReadAll(io.LimitReader(r, 16))
	if err == nil && string(order) != "little" {
		err = fmt.Errorf("its values are %q-endian; only little-endian ones are read", order)
	}
	return err
}

// find takes the place of a storage from its record. A record that is not there is an error only for tensors that need it.
func (s *storage) find(record *zip.File) error {
	if record == nil {
		return nil
	}
	if record.Method != zip.Store {
		return fmt.Errorf("storage %q is compressed, which PyTorch never does; load and save the file with PyTorch", s.key)
	}
	at, err := record.DataOffset()
	if err != nil {
		return fmt.Errorf("storage %q: %w", s.key, err)
	}
	width := uint64(max(1, s.dtype.Size()))
	if s.n < 0 || uint64(s.n) > record.UncompressedSize64/width {
		return fmt.Errorf("storage %q has %d bytes, too few for %d %s values", s.key, record.UncompressedSize64, s.n, s.dtype)
	}
	s.at, s.found = at, true
	return nil
}
