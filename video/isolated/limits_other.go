//go:build unix && !linux

package isolated

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// limitMemory has crashes leave no core file. Systems other than Linux do not enforce limits of memory.
func limitMemory(int64) error {
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}))
}

// held is the most memory that this process has held so far, in bytes; 0 where the system does not tell.
func held() int64 {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // counts bytes, others count KiB
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
