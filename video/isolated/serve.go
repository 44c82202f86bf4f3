package isolated

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"videomae/video"
)

// Files are a worker's ends of what it shares with the program that started it.
type Files struct{ Requests, Answers, Memory *os.File }

// Inherited are the files that a worker process is started with.
func Inherited() Files {
	const first = 3 // after standard input, output and error
	for fd := range 3 {
		closeOnExec(first + fd)
	}
	return Files{Requests: os.NewFile(first, "requests"), Answers: os.NewFile(first+1, "answers"), Memory: os.NewFile(first+2, "memory")}
}

// Serve answers requests with what a decoder says, one at a time, until there are no more or ctx ends. The process should end when
// it returns, since a call of the decoder may still be running.
func Serve(ctx context.Context, d video.Decoder, files Files) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := server{decoder: d, memory: &memory{file: files.Memory}}
	requests := make(chan request)
	go func() { // reads ahead, to learn at once that the program has gone
		for {
			var r request
			if err := receive(files.Requests, &r); err != nil {
				cancel(err)
				return
			}
			select {
			case requests <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case r := <-requests:
			answered := make(chan answer, 1)
			go func() { answered <- s.answer(ctx, r) }()
			a, err := await(ctx, answered)
			if err != nil {
				return err
			}
			if err := reply(files.Answers, a); err != nil {
				return fmt.Errorf("decode worker: %w", err)
			}
		case <-ctx.Done():
			return ending(ctx)
		}
	}
}

// reply sends an answer, or why it cannot be put into a message.
func reply(to io.Writer, a answer) error {
	message, err := encode(a)
	if err != nil {
		if message, err = encode(answer{Error: shorten(err.Error()), Held: a.Held}); err != nil {
			return err
		}
	}
	_, err = to.Write(message)
	return err
}

// await waits for an answer. When ctx ends, the decoder has a moment to put things in order.
func await(ctx context.Context, answered <-chan answer) (answer, error) {
	select {
	case a := <-answered:
		return a, nil
	case <-ctx.Done():
	}
	select {
	case <-answered:
	case <-time.After(lastTime / 2):
	}
	return answer{}, ending(ctx)
}

// ending is nil if the program has closed its pipe, or has gone.
func ending(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode worker: %w", err)
	}
	return nil
}

// server answers requests in a worker process.
type server struct {
	decoder video.Decoder
	memory  *memory
}

func (s *server) answer(ctx context.Context, r request) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, r.Deadline)
	defer cancel()
	err := s.do(ctx, r, &a)
	if err != nil {
		a.Late = errors.Is(ctx.Err(), context.DeadlineExceeded)
		a.Error = shorten(err.Error())
	}
	a.Held = held()
	return a
}

func (s *server) do(ctx context.Context, r request, a *answer) error {
	switch {
	case r.Memory > 0:
		a.Name = s.decoder.Name()
		return limitMemory(r.Memory)
	case r.Info == nil:
		info, err := s.decoder.Probe(ctx, string(r.Path))
		a.Info = &info
		return err
	}
	r.Info.Path = string(r.Path)
	return s.frames(ctx, r)
}

// frames decodes into the shared memory.
func (s *server) frames(ctx context.Context, r request) error {
	if err := s.memory.attach(r.Bytes); err != nil {
		return fmt.Errorf("video %s: memory for frames: %w", r.Info.Path, err)
	}
	clip, err := s.decoder.Frames(ctx, *r.Info, r.Indices, r.Out)
	if err != nil {
		return err
	}
	if int64(len(clip.Pix)) != r.Bytes {
		return fmt.Errorf("video %s: %v frames came, %d bytes were asked for", r.Info.Path, clip, r.Bytes)
	}
	copy(s.memory.bytes(r.Bytes), clip.Pix)
	return nil
}

// shorten keeps an error below the size of a message.
func shorten(text string) string {
	const longest = 1 << 14
	if len(text) > longest {
		return text[:longest] + "..."
	}
	return text
}
