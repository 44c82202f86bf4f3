package video

import (
	"context"
	"fmt"
	"os"
)

// FolderContainer is the Info.Container of a folder of pictures.
const FolderContainer = "frames"

// Mux is a decoder that sends files to one decoder, folders of pictures to another, and clips of packs to a third.
type Mux struct {
	Files, Folders, Packs Decoder
	Long                  Streamer // of files too long for one call; nil leaves them to Files, in parts
}

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

// streamPart is how many bytes of frames are decoded at a time where nothing hands them over one by one.
const streamPart = 256 << 20

// Stream sends long files to the decoder for those. Pictures of folders and packs are files of their own: parts cost nothing.
func (m Mux) Stream(ctx context.Context, info Info, indices []int, out Output, take func(frame []uint8) error) error {
	if m.Long != nil && info.Container != FolderContainer && info.Container != PackContainer {
		return m.Long.Stream(ctx, info, indices, out, take)
	}
	layout, err := CheckRequest(info, indices, out)
	if err != nil {
		return err
	}
	return inParts(ctx, m, info, indices, out, max(1, streamPart/(layout.W*layout.H*out.Channels)), take)
}
