//go:build linux || darwin

package cli

import (
	"runtime"
	"syscall"
)

// peakRSS is the most memory that this process has held so far, in bytes; 0 where the system does not tell.
func peakRSS() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // counts bytes, Linux counts KiB
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
