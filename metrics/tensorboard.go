// TensorBoard event files, written by hand: a few protocol buffer fields in a TFRecord frame do not merit two large dependencies.

package metrics

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// TensorBoard is a sink that writes an event file.
type TensorBoard struct{ file *os.File }

// NewTensorBoard starts an event file in dir (events.out.tfevents.<time>.<host>.<process>) for records that follow step. On a
// resumed run, TensorBoard drops what earlier files of dir say of later steps.
func NewTensorBoard(dir string, step int) (*TensorBoard, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d", time.Now().Unix(), host, os.Getpid())
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("start event file: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, fmt.Errorf("start event file: %w", err)
	}
	t := &TensorBoard{file}
	// Event.file_version (3) must come first. Event.session_log (7) with status (1) START (1) drops what is known of its step on.
	err = errors.Join(t.event(0, message(nil).bytes(3, []byte("brain.Event:2"))),
		t.event(step+1, message(nil).bytes(7, message(nil).integer(1, 1))))
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return t, nil
}

// Log writes the record's numbers under their names in metrics.jsonl, and baselines as baseline/<name>.
func (t *TensorBoard) Log(r Record) error {
	var summary message
	add := func(tag string, v float64) {
		// Summary.value (1) with tag (1) and simple_value (2).
		summary = summary.bytes(1, message(nil).bytes(1, []byte(tag)).float(2, float32(v)))
	}
	add("loss", r.Loss)
	add("lr", r.LR)
	add("epoch", r.Epoch)
	add("grad_norm", r.GradNorm)
	add("clips_per_s", r.ClipsPerSecond)
	add("data_wait", r.DataWait)
	add("skipped", float64(r.Skipped))
	add("seconds", r.Seconds)
	for _, name := range slices.Sorted(maps.Keys(r.Baselines)) {
		add("baseline/"+name, r.Baselines[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Scores)) {
		add(name, r.Scores[name])
	}
	return t.event(r.Step, message(nil).bytes(5, summary)) // Event.summary
}

// Picture writes an image summary, encoded as PNG.
func (t *TensorBoard) Picture(step int, name string, img image.Image) error {
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		return fmt.Errorf("write picture %s of step %d: %w", name, step, err)
	}
	const rgba = 4
	size := img.Bounds()
	// Image: height (1), width (2), colorspace (3), encoded_image_string (4).
	picture := message(nil).integer(1, uint64(size.Dy())).integer(2, uint64(size.Dx())).integer(3, rgba).bytes(4, encoded.Bytes())
	// Summary.value (1) with tag (1) and image (4).
	value := message(nil).bytes(1, []byte(name)).bytes(4, picture)
	return t.event(step, message(nil).bytes(5, message(nil).bytes(1, value)))
}

// Close flushes the file to the disk.
func (t *TensorBoard) Close() error { return errors.Join(t.file.Sync(), t.file.Close()) }

// event writes one Event, with wall_time (1), step (2) and what it says, as a TFRecord in a single write: length, its check sum,
// data, their check sum, all little-endian.
func (t *TensorBoard) event(step int, says message) error {
	now := float64(time.Now().UnixMicro()) / 1e6
	data := append(message(nil).double(1, now).integer(2, uint64(step)), says...)
	frame := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	frame = binary.LittleEndian.AppendUint32(frame, maskedCRC(frame))
	frame = append(frame, data...)
	frame = binary.LittleEndian.AppendUint32(frame, maskedCRC(data))
	if _, err := t.file.Write(frame); err != nil {
		return fmt.Errorf("write event, step %d: %w", step, err)
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is the check sum of TFRecord: CRC-32C turned right by 15 bits, plus a constant.
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// message is a protocol buffer in wire format, built field by field.
type message []byte

func (m message) integer(field int, v uint64) message {
	return binary.AppendUvarint(m.key(field, 0), v)
}

func (m message) double(field int, v float64) message {
	return binary.LittleEndian.AppendUint64(m.key(field, 1), math.Float64bits(v))
}

func (m message) bytes(field int, v []byte) message {
	return append(binary.AppendUvarint(m.key(field, 2), uint64(len(v))), v...)
}

func (m message) float(field int, v float32) message {
	return binary.LittleEndian.AppendUint32(m.key(field, 5), math.Float32bits(v))
}

func (m message) key(field, kind int) message {
	return binary.AppendUvarint(m, uint64(field)<<3|uint64(kind))
}
