package isolated

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomae/video"
)

func TestMessagesComeBack(t *testing.T) {
	want := request{Path: []byte("\xff.mp4"), Info: &video.Info{Frames: 7, FPS: 29.97, Variable: true}, Indices: []int{0, 3, 3}, Out: video.Output{Channels: 3, ShortSide: 256}, Bytes: 99, Deadline: 5}
	message, err := encode(want)
	if err != nil {
		t.Fatal(err)
	}
	var got request
	if err := receive(bytes.NewReader(message), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBrokenMessages(t *testing.T) {
	message := func(size int, body string) []byte {
		return append(binary.LittleEndian.AppendUint32(nil, uint32(size)), body...)
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"none":          {nil, io.EOF},
		"cut in length": {[]byte{1, 0}, io.ErrUnexpectedEOF},
		"cut in body":   {message(9, "{}"), io.ErrUnexpectedEOF},
		"too long":      {message(1<<30, "{}"), errFormat},
		"not JSON":      {message(4, "HTTP"), errFormat},
		"empty":         {message(0, ""), errFormat},
		"two values":    {message(4, "{}{}"), errFormat},
		"other fields":  {message(9, `{"Foo":1}`), errFormat},
		"other types":   {message(10, `{"Held":""}`), io.ErrUnexpectedEOF},
	} {
		if err := receive(bytes.NewReader(c.data), new(answer)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzReceive(f *testing.F) {
	for _, v := range []any{request{Path: []byte("a"), Indices: []int{1}}, answer{Info: &video.Info{Frames: 3}, Error: "e"}} {
		message, err := encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = receive(bytes.NewReader(data), new(request)) // whatever it says, no panic
		var a answer
		if receive(bytes.NewReader(data), &a) == nil {
			if _, err := encode(a); err != nil {
				t.Error(err)
			}
		}
	})
}
