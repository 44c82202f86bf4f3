package pack

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/bits"

	"videomae/dataset/lists"
	"videomae/dataset/pack/jpeg"
	"videomae/video"
)

// castagnoli is the polynomial of CRC-32C, which CPUs compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

// entry is what a shard says of an item.
type entry struct {
	item     lists.Item  // as the list has it
	original video.Info  // of the video; Path is in item, Frames is what follows
	format   jpeg.Format // of its frames
	at       int64       // offset of the first frame
	tableAt  int64       // offset of the table after the frames
	frames   int
	table    uint32 // CRC-32C of that table
	reason   string // why the item could not be read; then there are no frames
}

// frameRow is the length of a row in the table of frames: length and checksum.
const frameRow = 8

// The limits of what an entry can say. A frame is at most as long as its shard.
const (
	maxFrames = 1 << 28
	maxText   = 1 << 20
)

// evenly spaced frames have no flag.
const flagVariable = 1

func (e entry) append(b []byte) []byte {
	le, o := binary.LittleEndian, e.original
	b = le.AppendUint64(b, uint64(e.at))
	b = le.AppendUint64(b, uint64(e.tableAt))
	b = le.AppendUint32(b, uint32(e.frames))
	b = le.AppendUint32(b, e.table)
	b = le.AppendUint16(b, uint16(e.format.Width))
	b = le.AppendUint16(b, uint16(e.format.Height))
	b = append(b, byte(e.format.Channels), byte(e.format.Quality))
	b = le.AppendUint16(b, uint16(o.Rotation))
	flags := 0
	if o.Variable {
		flags = flagVariable
	}
	for _, v := range []int{o.Width, o.Height, o.KeyFrames, flags} {
		b = le.AppendUint32(b, uint32(v))
	}
	b = le.AppendUint64(b, math.Float64bits(o.FPS))
	b = le.AppendUint64(b, math.Float64bits(o.Seconds))
	b = le.AppendUint32(b, uint32(e.item.First))
	b = le.AppendUint32(b, uint32(e.item.Count))
	for _, text := range e.texts() {
		short := (*text)[:min(len(*text), maxText)]
		b = le.AppendUint32(b, uint32(len(short)))
		b = append(b, short...)
	}
	return b
}

// texts are the entry's, in the order of the file.
func (e *entry) texts() []*string {
	i, o := &e.item, &e.original
	return []*string{&i.Name, &i.Path, &i.Label, &i.Split, &o.Container, &o.Codec, &e.reason}
}

var errEntry = errors.New("the description of a clip is malformed")

// parseEntry reads an entry. What it says is possible, but not yet compared with the shard.
func parseEntry(b []byte) (entry, error) {
	r := fields{b: b}
	e := entry{at: int64(r.u64()), tableAt: int64(r.u64()), frames: int(r.u32()), table: r.u32()}
	e.format = jpeg.Format{Width: int(r.u16()), Height: int(r.u16()), Channels: int(r.u8()), Quality: int(r.u8())}
	e.original.Rotation = int(r.u16())
	e.original.Width, e.original.Height, e.original.KeyFrames = r.size(), r.size(), r.size()
	flags := r.u32()
	e.original.Variable = flags == flagVariable
	e.original.FPS, e.original.Seconds = math.Float64frombits(r.u64()), math.Float64frombits(r.u64())
	e.item.First, e.item.Count = r.size(), r.size()
	for _, text := range e.texts() {
		*text = r.text()
	}
	e.original.Path, e.original.Frames = e.item.Path, e.frames
	if r.failed || len(r.b) > 0 || flags > flagVariable || e.at < 0 || e.tableAt < e.at || e.frames > maxFrames || (e.frames == 0) != (e.reason != "") {
		return entry{}, errEntry
	}
	if e.frames > 0 && e.format.Check() != nil {
		return entry{}, errEntry
	}
	return e, nil
}

// fields takes numbers and texts off the front of b.
type fields struct {
	b      []byte
	failed bool // there were fewer bytes than wanted
}

func (r *fields) take(n int) []byte {
	if n > len(r.b) {
		r.failed, r.b = true, nil
		return make([]byte, bits.UintSize/8) // enough for any number
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *fields) u8() uint8   { return r.take(1)[0] }
func (r *fields) u16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *fields) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *fields) u64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

// size is a number that fits an int on every machine.
func (r *fields) size() int {
	v := r.u32()
	r.failed = r.failed || v > math.MaxInt32
	return int(v & math.MaxInt32)
}

func (r *fields) text() string {
	n := r.u32()
	if n > maxText {
		r.failed = true
		return ""
	}
	if int(n) > len(r.b) {
		r.failed = true
		return ""
	}
	return string(r.take(int(n)))
}
