package video

import (
	"context"
	"fmt"
	"os"
)

// FolderContainer is the Info.Container of a folder of pictures.
const FolderContainer = "frames"

// Mux is a decoder that sends files to one decoder, folders of pictures to another, and clips of packs to a third.
type Mux struct{ Files, Folders, Packs Decoder }

// Name is that of the decoder of files, the one a user chooses.
func (m Mux) Name() string { return m.Files.Name() }

// Probe looks what path is, and asks the decoder for such.
func (m Mux) Probe(ctx context.Context, path string) (Info, error) {
	if _, _, packed := CutPacked(path); packed {
		return m.Packs.Probe(ctx, path)
	}
	if _, _, pictures := CutPictures(path); pictures {
		return m.Folders.Probe(ctx, path)
	}
	entry, err := os.Stat(path)
	if err != nil {
		return Info{}, fmt.Errorf("video %s: %w", path, Reason(err))
	}
	if entry.IsDir() {
		return m.Folders.Probe(ctx, path)
	}
	return m.Files.Probe(ctx, path)
}

// Frames asks the decoder that probed the video.
func (m Mux) Frames(ctx context.Context, info Info, indices []int, out Output) (Clip, error) {
	switch info.Container {
	case FolderContainer:
		return m.Folders.Frames(ctx, info, indices, out)
	case PackContainer:
		return m.Packs.Frames(ctx, info, indices, out)
	}
	return m.Files.Frames(ctx, info, indices, out)
}
