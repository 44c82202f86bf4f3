package video

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrUnavailable marks an error that is the decoder's own, not that of the file it was asked for: other files will fail alike.
var ErrUnavailable = errors.New("videos cannot be decoded")

// CheckFile returns why nothing should be decoded from path, before anything is: it is missing, may not be read, is empty, or is not a
// file at all. Reading from a named pipe, a socket or a device could wait for ever. Errors do not name the path.
func CheckFile(path string) error {
	entry, err := os.Stat(path)
	if err != nil {
		return Reason(err)
	}
	switch mode := entry.Mode(); {
	case mode.IsDir():
		return errors.New("is a folder, not a video file")
	case !mode.IsRegular():
		return fmt.Errorf("is a %s, not a video file", special(mode))
	case entry.Size() == 0:
		return errors.New("the file is empty (0 bytes)")
	}
	f, err := os.Open(path)
	if err != nil {
		return Reason(err)
	}
	defer f.Close()
	if _, err := f.Read(make([]byte, 1)); err != nil {
		return Reason(err)
	}
	return nil
}

// special names a kind of directory entry that is neither file nor folder.
func special(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}
