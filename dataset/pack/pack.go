// Package pack holds the frame cache: the videos of a list, decoded once, scaled, and kept as JPEG pictures in a few large files, from
// which any frame is read without its neighbours.
//
// A pack is a folder with a description (File) and shards, each of which holds the clips of consecutive items of the list. What a
// pack holds is a function of the list, the videos, the settings and the decoder: not of the number of workers, nor of how often
// packing was killed and went on. A finished shard is never written again. It can be read by itself, and everything in it is covered by
// checksums (CRC-32C), so that damage is found where it is; the description has the SHA-256 of the whole.
//
// # Shards
//
// Numbers are little endian. The parts follow one another without gaps:
//
//	header, 64 bytes
//	  0  magic "vmpack\r\n"
//	  8  u32 version, 1
//	 12  u32 number of the shard
//	 16  u64 number of its first item in the list
//	 24  identity of the pack, 32 bytes: the same in all its shards
//	 56  zero
//	 60  u32 CRC-32C of the bytes before
//	clips, in the order of the list
//	  the frames, each a JPEG file (see package jpeg)
//	  for each frame: u32 length, u32 CRC-32C
//	entries: a description of each item, in the order of the list
//	  u64 offset of the first frame; u64 offset of the table after the frames; u32 number of frames, 0 for an item that could not be
//	  read; u32 CRC-32C of the table
//	  u16 width, u16 height, u8 channels, u8 quality, u16 rotation that the decoder undid
//	  u32 width, u32 height, u32 key frames, u32 flags (1: frames unevenly spaced in time), f64 frames a second, f64 seconds: of the video
//	  u32 number of the first picture, u32 number of pictures: of an item that is a part of a folder of frames
//	  name, path, label, split as the list has them (none of its own is ""), container, codec, and why it could not be read: each u32
//	  length and the text
//	for each item: u64 offset of the entry, u32 its length, u32 CRC-32C of it
//	footer, 32 bytes
//	  0  u64 offset of the part before
//	  8  u32 number of items
//	 12  u32 CRC-32C of the part before
//	 16  u64 length of the shard
//	 24  u32 magic "vend"
//	 28  u32 CRC-32C of the bytes before
package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"videomae/dataset/lists"
)

// version is that of the format of shards and description.
const version = 1

// Settings say what a pack holds of each video.
type Settings struct {
	ShortSide int   `json:"short_side"` // frames are scaled until their shorter side has this many pixels; smaller ones stay
	Quality   int   `json:"quality"`    // of the JPEG pictures, 1 to 100
	Channels  int   `json:"channels"`   // 3 (RGB) or 1 (grey)
	ShardMiB  int64 `json:"shard_mib"`  // a shard ends with the clip that brings it to this size
}

// Defaults are the settings that are not asked for.
func Defaults() Settings { return Settings{ShortSide: 256, Quality: 95, Channels: 3, ShardMiB: 256} }

// Check returns an error for settings that cannot be.
func (s Settings) Check() error {
	const smallest, largest = 16, 1 << 12
	switch {
	case s.ShortSide < smallest || s.ShortSide > largest:
		return fmt.Errorf("short side of %d pixels: must be %d to %d", s.ShortSide, smallest, largest)
	case s.Quality < 1 || s.Quality > 100:
		return fmt.Errorf("quality %d: must be 1 to 100", s.Quality)
	case s.Channels != 1 && s.Channels != 3:
		return fmt.Errorf("%d channels: must be 3 (RGB) or 1 (grey)", s.Channels)
	case s.ShardMiB < 1 || s.ShardMiB > 1<<20:
		return fmt.Errorf("shards of %d MiB: must be 1 to %d", s.ShardMiB, 1<<20)
	}
	return nil
}

// identity tells packs apart: by settings, and by what the list says, but not where the videos are.
func identity(s Settings, items []lists.Item) [sha256.Size]byte {
	h := sha256.New()
	put := func(fields ...any) {
		for _, f := range fields {
			_ = binary.Write(h, binary.LittleEndian, f) // a hash never fails to write
		}
	}
	put(uint64(version), uint64(s.ShortSide), uint64(s.Quality), uint64(s.Channels), uint64(s.ShardMiB), uint64(len(items)))
	for _, item := range items {
		for _, text := range []string{item.Name, item.Label, item.Split} {
			put(uint64(len(text)), []byte(text))
		}
		put(uint64(item.First), uint64(item.Count))
	}
	return [sha256.Size]byte(h.Sum(nil))
}
