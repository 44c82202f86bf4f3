package isa

import "golang.org/x/sys/unix"

// tilesAllowed asks the system for the memory that tile registers need in every switch between threads; a process gets them only
// on request (arch_prctl, ARCH_REQ_XCOMP_PERM of the component XTILEDATA). To ask again does no harm.
func tilesAllowed() bool {
	const requestPermission, tileData = 0x1023, 18
	_, _, errno := unix.Syscall(unix.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return errno == 0
}
