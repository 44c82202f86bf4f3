package isolated

import (
	"os"

	"golang.org/x/sys/unix"
)

// newMemory is in no file system. It is sealed against shrinking, by which a worker gone mad could make reading it fatal.
func newMemory() (*memory, error) {
	fd, err := unix.MemfdCreate("videomae-frames", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "shared memory")
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK); err != nil {
		f.Close()
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &memory{file: f}, nil
}
