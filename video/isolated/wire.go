package isolated

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"videomae/video"
)

// request is what a worker is asked: to begin (Memory), for a description of the file at Path, or for frames of it (Info, Indices, Out).
type request struct {
	Memory   int64         `json:",omitempty"` // bytes the process may take
	Path     []byte        `json:",omitempty"` // as bytes, since names of files need not be UTF-8; Info's is not used
	Info     *video.Info   `json:",omitempty"`
	Indices  []int         `json:",omitempty"`
	Out      video.Output  `json:",omitzero"`
	Bytes    int64         `json:",omitempty"` // of the frames, and so of the memory for them
	Deadline time.Duration // that the answer must take
}

// answer is what a worker says. Frames are in the shared memory.
type answer struct {
	Name  string      `json:",omitempty"` // of the decoder, to begin
	Info  *video.Info `json:",omitempty"`
	Error string      `json:",omitempty"`
	Late  bool        `json:",omitempty"` // the deadline ended it
	Held  int64       // bytes the process has for itself
}

// maxMessage bounds a message, 4 bytes of length (little endian) and so many of JSON: room for a hundred thousand frame numbers.
const maxMessage = 1 << 20

var errFormat = errors.New("broken message")

// encode makes a message.
func encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(body) > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes is longer than %d: ask for fewer frames at once", len(body), maxMessage)
	}
	return append(binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...), nil
}

// receive reads a message into v. The error is io.EOF if there is none, and errFormat if it is not one.
func receive(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxMessage {
		return fmt.Errorf("%w: length %d", errFormat, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errFormat, err)
	}
	if d.InputOffset() != int64(len(body)) {
		return fmt.Errorf("%w: more than one value", errFormat)
	}
	return nil
}
