//go:build !linux && !darwin

package cli

// peakRSS is 0: this system is not asked.
func peakRSS() int64 { return 0 }
