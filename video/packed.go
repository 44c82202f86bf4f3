package video

import (
	"strconv"
	"strings"
)

// PackContainer is the Info.Container of a clip in a pack.
const PackContainer = "pack"

// ShardExtension ends the names of the files that a pack is made of.
const ShardExtension = ".vmpack"

// Packed is the path of clip n of a pack's file, as items of a pack have it: FILE.vmpack#N.
func Packed(shard string, n int) string { return shard + "#" + strconv.Itoa(n) }

// CutPacked takes such a path apart, and tells whether it is one.
func CutPacked(path string) (shard string, n int, ok bool) {
	i := strings.LastIndexByte(path, '#')
	if i < 0 || !strings.HasSuffix(path[:i], ShardExtension) {
		return "", 0, false
	}
	n, err := strconv.Atoi(path[i+1:])
	return path[:i], n, err == nil && n >= 0
}
