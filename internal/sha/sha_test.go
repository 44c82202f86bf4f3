package sha

import (
	"bytes"
	"crypto/sha256"
	"testing"
)

func TestTheHashIsSHA256(t *testing.T) {
	for _, n := range []int{0, 1, block - 1, block, block + 1, 3*block + 7} {
		data := bytes.Repeat([]byte("abc"), n)[:n]
		h := New()
		if wrote, err := h.Write(data); wrote != n || err != nil {
			t.Errorf("%d bytes: wrote %d, %v", n, wrote, err)
		}
		if want := sha256.Sum256(data); !bytes.Equal(h.Sum(nil), want[:]) {
			t.Errorf("%d bytes: another hash", n)
		}
	}
}
