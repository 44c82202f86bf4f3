package check

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"videomae/internal/sha"
	"videomae/video"
	"videomae/video/imagedir"
)

// stampFolder returns the bytes of a folder's pictures and the newest time of change.
func stampFolder(dir string, self fs.FileInfo) (bytes, modified int64, err error) {
	modified = self.ModTime().UnixNano()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, e := range entries {
		if e.IsDir() || !imagedir.IsPicture(e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("picture %s is not a regular file", e.Name())
		}
		if err != nil {
			return 0, 0, err
		}
		bytes += info.Size()
		modified = max(modified, info.ModTime().UnixNano())
	}
	return bytes, modified, nil
}

// contentHash is the SHA-256 of a file, or of the lengths and contents of a folder's pictures in the order of their names. A clip of a
// pack has none.
func contentHash(ctx context.Context, path string) (string, error) {
	if _, _, packed := video.CutPacked(path); packed {
		return "", nil
	}
	h := sha.New()
	entry, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !entry.IsDir() {
		err = hashFile(ctx, h, path)
	} else {
		err = hashFolder(ctx, h, path)
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

func hashFolder(ctx context.Context, h hash.Hash, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !imagedir.IsPicture(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		_ = binary.Write(h, binary.LittleEndian, info.Size()) // a hash never fails to write
		if err := hashFile(ctx, h, path); err != nil {
			return err
		}
	}
	return nil
}

func hashFile(ctx context.Context, h hash.Hash, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, cancellable{ctx, f})
	return err
}

// cancellable ends reading when its context does, as large files on slow disks take long.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
