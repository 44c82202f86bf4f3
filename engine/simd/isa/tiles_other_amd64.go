//go:build amd64 && !linux

package isa

// tilesAllowed is not known of systems other than Linux.
func tilesAllowed() bool { return false }
