package metrics

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// crc32c is the check sum bit by bit, from its polynomial, so that the test does not lean on the table the writer uses.
func crc32c(data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0x82f63b78
			} else {
				crc >>= 1
			}
		}
	}
	return ^crc
}

// unmask undoes the mask of a stored check sum.
func unmask(stored uint32) uint32 {
	rotated := stored - 0xa282ead8
	return rotated<<15 | rotated>>17
}

// unframe splits a TFRecord file into its records and checks every check sum.
func unframe(t *testing.T, file []byte) [][]byte {
	t.Helper()
	var records [][]byte
	for len(file) > 0 {
		size := binary.LittleEndian.Uint64(file)
		if got := unmask(binary.LittleEndian.Uint32(file[8:])); got != crc32c(file[:8]) {
			t.Fatalf("record %d: check sum of the length is wrong", len(records))
		}
		data := file[12 : 12+size]
		if got := unmask(binary.LittleEndian.Uint32(file[12+size:])); got != crc32c(data) {
			t.Fatalf("record %d: check sum of the data is wrong", len(records))
		}
		records = append(records, data)
		file = file[12+size+4:]
	}
	return records
}

// field is one decoded protocol buffer field: bits for numbers, data for strings and messages.
type field struct {
	number int
	bits   uint64
	data   []byte
}

// decode lists the fields of a message.
func decode(t *testing.T, m []byte) []field {
	t.Helper()
	var fields []field
	for len(m) > 0 {
		key, n := binary.Uvarint(m)
		m = m[n:]
		f := field{number: int(key >> 3)}
		switch key & 7 {
		case 0:
			f.bits, n = binary.Uvarint(m)
		case 1:
			f.bits, n = binary.LittleEndian.Uint64(m), 8
		case 2:
			size, head := binary.Uvarint(m)
			f.data, n = m[head:head+int(size)], head+int(size)
		case 5:
			f.bits, n = uint64(binary.LittleEndian.Uint32(m)), 4
		default:
			t.Fatalf("wire type %d", key&7)
		}
		m = m[n:]
		fields = append(fields, f)
	}
	return fields
}

// one returns the only field of that number.
func one(t *testing.T, m []byte, number int) field {
	t.Helper()
	var found []field
	for _, f := range decode(t, m) {
		if f.number == number {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d fields with number %d, want one", len(found), number)
	}
	return found[0]
}

func TestTensorBoardFileDecodes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tb")
	sink, err := NewTensorBoard(dir, 40)
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewRGBA(image.Rect(0, 0, 5, 3))
	picture.Set(4, 2, color.RGBA{R: 200, A: 255})
	record := Record{Step: 300, Loss: 0.5, LR: 1e-3, Baselines: map[string]float64{"zero": 1}, Scores: map[string]float64{"val_loss": 0.25}}
	if err := sink.Log(record); err != nil {
		t.Fatal(err)
	}
	if err := sink.Picture(301, "sheet", picture); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if len(files) != 1 {
		t.Fatalf("event files %v, want one", files)
	}
	file, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	events := unframe(t, file)
	if len(events) != 4 {
		t.Fatalf("%d events, want version, session, record and picture", len(events))
	}
	if got := string(one(t, events[0], 3).data); got != "brain.Event:2" {
		t.Errorf("version %q", got)
	}
	if step := one(t, events[1], 2).bits; step != 41 || one(t, one(t, events[1], 7).data, 1).bits != 1 {
		t.Errorf("session event at step %d must say START at 41", step)
	}

	scalars := map[string]float64{}
	for _, v := range decode(t, one(t, events[2], 5).data) {
		scalars[string(one(t, v.data, 1).data)] = float64(math.Float32frombits(uint32(one(t, v.data, 2).bits)))
	}
	for tag, want := range map[string]float64{"loss": 0.5, "lr": float64(float32(1e-3)), "baseline/zero": 1, "val_loss": 0.25} {
		if got, has := scalars[tag]; !has || got != want {
			t.Errorf("scalar %s is %v (present: %v), want %v", tag, got, has, want)
		}
	}
	if step := one(t, events[2], 2).bits; step != 300 {
		t.Errorf("record's step %d, want 300", step)
	}

	value := one(t, one(t, events[3], 5).data, 1).data
	if tag := string(one(t, value, 1).data); tag != "sheet" {
		t.Errorf("picture's tag %q", tag)
	}
	stored := one(t, value, 4).data
	if h, w := one(t, stored, 1).bits, one(t, stored, 2).bits; h != 3 || w != 5 {
		t.Errorf("picture is %dx%d, want 3x5", h, w)
	}
	img, err := png.Decode(bytes.NewReader(one(t, stored, 4).data))
	if err != nil {
		t.Fatal(err)
	}
	if img.At(4, 2) != (color.RGBA{R: 200, A: 255}) && img.At(4, 2) != (color.NRGBA{R: 200, A: 255}) {
		t.Errorf("pixel came back as %v", img.At(4, 2))
	}
}

func TestCRCOfKnownString(t *testing.T) {
	// The check value of CRC-32C in the catalogue of parametrised CRC algorithms.
	if got := crc32c([]byte("123456789")); got != 0xe3069283 {
		t.Errorf("CRC-32C of 123456789 is %x, want e3069283", got)
	}
	if got := unmask(maskedCRC([]byte("123456789"))); got != 0xe3069283 {
		t.Errorf("masked and unmasked: %x, want e3069283", got)
	}
}
