// The journal of an evaluation under way: what is done, video by video, in a form that a kill or a power cut can only shorten.
//
// After journalMagic come records: the length of the payload and its CRC-32C, 4 bytes each, little endian, then the payload. The first
// payload is About as JSON. Each other one is a video: the length of a JSON text, 4 bytes, the text, and the logits of its views, 4
// bytes each.

package eval

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

const (
	journalMagic = "VMEVAL1\n"
	frameHead    = 8
	// longestRecord bounds a payload, so that a damaged length asks for no absurd memory.
	longestRecord = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame puts length and checksum before a payload.
func frame(payload []byte) []byte {
	out := make([]byte, frameHead, frameHead+len(payload))
	binary.LittleEndian.PutUint32(out, uint32(len(payload)))
	binary.LittleEndian.PutUint32(out[4:], crc32.Checksum(payload, castagnoli))
	return append(out, payload...)
}

// recorded is a video in a record, but for the logits.
type recorded struct {
	Index   int      `json:"index"`
	Name    string   `json:"name"`
	Class   string   `json:"class"`
	Label   int      `json:"label"`
	Error   string   `json:"error,omitempty"`
	Places  [][2]int `json:"places,omitempty"` // temporal and crop of each view
	Classes int      `json:"classes"`          // logits of each
}

// encodeVideo makes a payload.
func encodeVideo(v Video) ([]byte, error) {
	r := recorded{Index: v.Index, Name: v.Name, Class: v.Class, Label: v.Label, Error: v.Error}
	for _, view := range v.Views {
		r.Places = append(r.Places, [2]int{view.Temporal, view.Crop})
		r.Classes = len(view.Logits)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(text)))
	out = append(out, text...)
	for _, view := range v.Views {
		if len(view.Logits) != r.Classes {
			return nil, fmt.Errorf("video %s: views with %d and %d logits", v.Name, r.Classes, len(view.Logits))
		}
		for _, x := range view.Logits {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	return out, nil
}

var errRecord = errors.New("a record that no version of this program writes")

// decodeVideo is the inverse of encodeVideo.
func decodeVideo(payload []byte) (Video, error) {
	if len(payload) < 4 {
		return Video{}, errRecord
	}
	size := int64(binary.LittleEndian.Uint32(payload))
	if size > int64(len(payload)-4) {
		return Video{}, errRecord
	}
	text, logits := payload[4:4+size], payload[4+size:]
	var r recorded
	if err := json.Unmarshal(text, &r); err != nil {
		return Video{}, errRecord
	}
	if r.Index < 0 || r.Classes < 0 || r.Classes > longestRecord || int64(len(logits)) != 4*int64(r.Classes)*int64(len(r.Places)) {
		return Video{}, errRecord
	}
	v := Video{Index: r.Index, Name: r.Name, Class: r.Class, Label: r.Label, Error: r.Error}
	for i, place := range r.Places {
		view := View{Temporal: place[0], Crop: place[1], Logits: make([]float32, r.Classes)}
		for k := range view.Logits {
			view.Logits[k] = math.Float32frombits(binary.LittleEndian.Uint32(logits[4*(i*r.Classes+k):]))
		}
		v.Views = append(v.Views, view)
	}
	return v, nil
}

// readJournal reads a journal to its last whole record, and tells how many bytes those take. A journal that ends before its About is whole
// has no bytes. Only a file that is none, or a record that is whole but makes no sense, is an error.
func readJournal(from io.Reader) (about About, videos []Video, whole int64, err error) {
	in := bufio.NewReaderSize(from, 1<<20)
	magic := make([]byte, len(journalMagic))
	switch n, err := io.ReadFull(in, magic); {
	case string(magic[:n]) != journalMagic[:n]:
		return About{}, nil, 0, errors.New("not the journal of an evaluation")
	case err != nil:
		return About{}, nil, 0, readError(err)
	}
	payload, err := readRecord(in)
	if payload == nil {
		return About{}, nil, 0, err
	}
	if err := json.Unmarshal(payload, &about); err != nil {
		return About{}, nil, 0, errRecord
	}
	whole = int64(len(journalMagic) + frameHead + len(payload))
	for {
		payload, err := readRecord(in)
		if payload == nil {
			return about, videos, whole, err
		}
		v, err := decodeVideo(payload)
		if err != nil {
			return about, nil, 0, err
		}
		videos = append(videos, v)
		whole += int64(frameHead + len(payload))
	}
}

// readRecord gives the next payload, or nil where the file ends or is not whole from there on.
func readRecord(in *bufio.Reader) ([]byte, error) {
	head := make([]byte, frameHead)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, readError(err)
	}
	size := binary.LittleEndian.Uint32(head)
	if size == 0 || size > longestRecord {
		return nil, nil
	}
	payload, err := io.ReadAll(io.LimitReader(in, int64(size))) // memory grows with what is there, not with a damaged length
	if err != nil {
		return nil, err
	}
	if len(payload) < int(size) || crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, nil
	}
	return payload, nil
}

// readError passes over that a file ends.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
