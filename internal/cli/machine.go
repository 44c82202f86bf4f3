package cli

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/cpu"
)

// builtWithSIMD tells whether the compiler's experimental vector instructions were on in this build.
func builtWithSIMD() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "GOEXPERIMENT" {
			return strings.Contains(","+s.Value+",", ",simd,")
		}
	}
	return false
}

// cpuFeatures lists the vector instructions of this processor, of those that matrix products can use.
func cpuFeatures() []string {
	features := []string{}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA}, {"F16C", cpu.X86.HasF16C},
		{"AVX512F", cpu.X86.HasAVX512F}, {"AVX512BW", cpu.X86.HasAVX512BW}, {"AVX512VL", cpu.X86.HasAVX512VL},
		{"AVX512DQ", cpu.X86.HasAVX512DQ}, {"AVX512VNNI", cpu.X86.HasAVX512VNNI}, {"AVX512BF16", cpu.X86.HasAVX512BF16},
		{"AMX-TILE", cpu.X86.HasAMXTile}, {"AMX-BF16", cpu.X86.HasAMXBF16},
		{"ASIMD", cpu.ARM64.HasASIMD}, {"ASIMDHP", cpu.ARM64.HasASIMDHP}, {"ASIMDDP", cpu.ARM64.HasASIMDDP},
		{"SVE", cpu.ARM64.HasSVE}, {"SVE2", cpu.ARM64.HasSVE2}, {"I8MM", cpu.ARM64.HasI8MM},
	} {
		if f.has {
			features = append(features, f.name)
		}
	}
	return features
}

// memory reads the machine's memory in MiB, all and available, from /proc/meminfo; 0 where there is none.
func memory() (total, available int) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var key string
		var kib int
		_, _ = fmt.Sscan(lines.Text(), &key, &kib) // lines of another form have another key
		switch key {
		case "MemTotal:":
			total = kib >> 10
		case "MemAvailable:":
			available = kib >> 10
		}
	}
	return total, available
}
