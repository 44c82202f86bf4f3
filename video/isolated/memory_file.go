//go:build unix && !linux

package isolated

import "os"

// newMemory is in a file that has no name any more.
func newMemory() (*memory, error) {
	f, err := os.CreateTemp("", "videomae-frames-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return &memory{file: f}, nil
}
