// Package sha is SHA-256 for large data, at its speed in every build.
package sha

import (
	"crypto/sha256"
	"hash"
)

// New returns a SHA-256 hash, as sha256.New does.
func New() hash.Hash { return quick{sha256.New()} }

// quick clears the upper halves of the vector registers again and again: in builds with GOEXPERIMENT=simd the system's hash is up to a
// hundred times slower otherwise (clearUpper says why).
type quick struct{ hash.Hash }

// block is how many bytes are hashed between two clearings. The scheduler takes the processor away every 10 ms, time for some megabytes.
const block = 64 << 10

func (q quick) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), block)
		clearUpper()
		_, _ = q.Hash.Write(rest[:n]) // a hash never fails to write
		rest = rest[n:]
	}
	return len(p), nil
}
