package hub

import (
	"context"
	"crypto/sha1" // what git names files by
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"videomae/internal/sha"
)

// errDamaged marks files that are not what the hub says.
var errDamaged = errors.New("damaged")

// check compares a file with size and hash. count, if not nil, is told the bytes read.
func (e entry) check(ctx context.Context, path string, count func(bytes int64)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := e.hash()
	buf := make([]byte, 1<<20)
	var size int64
	for {
		n, err := file.Read(buf)
		h.Write(buf[:n])
		size += int64(n)
		if count != nil && n > 0 {
			count(int64(n))
		}
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != e.sum || size != e.size {
		return fmt.Errorf("%w: %d bytes with hash %s, where the hub says %d with %s", errDamaged, size, sum, e.size, e.sum)
	}
	return nil
}

// hash is the one that the hub names the file by: SHA-256 of large files, and git's for others.
func (e entry) hash() hash.Hash {
	if len(e.sum) == 2*sha256.Size {
		return sha.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", e.size)
	return h
}
