package ffmpeg

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"videomae/video"
)

// maxTerms bounds the selection expression, which ffmpeg evaluates for every frame. Beyond it, all frames of the span are written
// and the unwanted ones are dropped here.
const maxTerms = 32

// progression is the frames first, first+step, ... last.
type progression struct{ first, last, step int }

// selection is the set of frames that ffmpeg is asked to write.
type selection struct {
	terms []progression
	count int // number of frames
}

// choose covers never-decreasing indices by progressions.
func choose(indices []int) selection {
	var s selection
	for i := 0; i < len(indices); {
		p := progression{first: indices[i], last: indices[i]}
		for ; i < len(indices); i++ {
			gap := indices[i] - p.last
			if gap == 0 {
				continue
			}
			if p.step == 0 {
				p.step = gap
			}
			if gap != p.step {
				break
			}
			p.last = indices[i]
		}
		s.add(p)
	}
	if len(s.terms) > maxTerms {
		span := progression{first: indices[0], last: indices[len(indices)-1], step: 1}
		s = selection{}
		s.add(span)
	}
	return s
}

func (s *selection) add(p progression) {
	p.step = max(p.step, 1)
	s.terms = append(s.terms, p)
	s.count += (p.last-p.first)/p.step + 1
}

// expression is the selection in the language of ffmpeg's select filter, where n counts frames from the start of the file.
func (s selection) expression() string {
	terms := make([]string, len(s.terms))
	for i, p := range s.terms {
		terms[i] = fmt.Sprintf("between(n,%d,%d)", p.first, p.last)
		if p.step > 1 {
			terms[i] += fmt.Sprintf("*not(mod(n-%d,%d))", p.first, p.step)
		}
	}
	return strings.Join(terms, "+")
}

// fill reads the selection's frames from r, in order, and puts them where indices wants them. It returns how many whole frames
// there were; fewer than the selection has are not an error here.
func (s selection) fill(clip video.Clip, indices []int, r io.Reader) (arrived int, err error) {
	t := 0 // the next frame of the clip to fill
	for _, p := range s.terms {
		for n := p.first; n <= p.last; n += p.step {
			_, err := io.ReadFull(r, clip.Frame(t)) // an unwanted frame is overwritten by the next
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return arrived, nil
			}
			if err != nil {
				return arrived, err
			}
			arrived++
			if indices[t] != n {
				continue
			}
			for t++; t < len(indices) && indices[t] == n; t++ {
				copy(clip.Frame(t), clip.Frame(t-1))
			}
		}
	}
	return arrived, nil
}
