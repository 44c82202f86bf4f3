// A reader of ONNX files that shares no code with the writer but the encoding of numbers.

package onnx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// file is what was read.
type file struct {
	ir, opset       int64
	nodes           []operation
	inputs, outputs []declared
	constants       map[string]array
	metadata        map[string]string
}

// operation is a node with its attributes: float64, int64 or []int64.
type operation struct {
	kind            string
	inputs, outputs []string
	attributes      map[string]any
}

// declared is an input or output; a dimension that has a name is text.
type declared struct {
	name  string
	kind  int64
	shape []any
}

// message calls a function for each field of a message. Numbers come as n, all else as b.
func message(t *testing.T, m []byte, field func(number protowire.Number, n uint64, b []byte)) {
	t.Helper()
	for len(m) > 0 {
		number, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			t.Fatal("broken tag")
		}
		m = m[n:]
		var value uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(m)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(m)
			value = uint64(v)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(m)
		default:
			t.Fatalf("field %d is of kind %d", number, kind)
		}
		if n < 0 {
			t.Fatalf("field %d is broken", number)
		}
		m = m[n:]
		field(number, value, b)
	}
}

// entry reads a key and a value.
func entry(t *testing.T, m []byte) (pair [3]string) {
	message(t, m, func(number protowire.Number, _ uint64, b []byte) { pair[number] = string(b) })
	return pair
}

func read(t *testing.T, path string) file {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := file{constants: map[string]array{}, metadata: map[string]string{}}
	message(t, text, func(number protowire.Number, n uint64, b []byte) {
		switch number {
		case 1:
			f.ir = int64(n)
		case 7:
			f.graph(t, b, filepath.Dir(path))
		case 8:
			message(t, b, func(_ protowire.Number, n uint64, _ []byte) { f.opset = int64(n) })
		case 14:
			pair := entry(t, b)
			f.metadata[pair[1]] = pair[2]
		}
	})
	return f
}

func (f *file) graph(t *testing.T, m []byte, folder string) {
	message(t, m, func(number protowire.Number, _ uint64, b []byte) {
		switch number {
		case 1:
			f.nodes = append(f.nodes, readNode(t, b))
		case 5:
			name, a := readTensor(t, b, folder)
			if _, twice := f.constants[name]; twice {
				t.Errorf("two constants are called %q", name)
			}
			f.constants[name] = a
		case 11:
			f.inputs = append(f.inputs, readValue(t, b))
		case 12:
			f.outputs = append(f.outputs, readValue(t, b))
		}
	})
}

func readNode(t *testing.T, m []byte) operation {
	o := operation{attributes: map[string]any{}}
	message(t, m, func(number protowire.Number, _ uint64, b []byte) {
		switch number {
		case 1:
			o.inputs = append(o.inputs, string(b))
		case 2:
			o.outputs = append(o.outputs, string(b))
		case 4:
			o.kind = string(b)
		case 5:
			name, value, list := "", any(nil), []int64(nil)
			message(t, b, func(number protowire.Number, n uint64, b []byte) {
				switch number {
				case 1:
					name = string(b)
				case 2:
					value = float64(math.Float32frombits(uint32(n)))
				case 3:
					value = int64(n)
				case 8:
					list = append(list, int64(n))
				}
			})
			if list != nil {
				value = list
			}
			o.attributes[name] = value
		}
	})
	return o
}

func readValue(t *testing.T, m []byte) (d declared) {
	inside := func(b []byte, at protowire.Number, field func(protowire.Number, uint64, []byte)) {
		message(t, b, func(number protowire.Number, _ uint64, b []byte) {
			if number == at {
				message(t, b, field)
			}
		})
	}
	message(t, m, func(number protowire.Number, _ uint64, b []byte) {
		switch number {
		case 1:
			d.name = string(b)
		case 2:
			inside(b, 1, func(number protowire.Number, n uint64, b []byte) {
				if number == 1 {
					d.kind = int64(n)
					return
				}
				inside(b, 1, func(number protowire.Number, n uint64, b []byte) {
					if number == 2 {
						d.shape = append(d.shape, string(b))
					} else {
						d.shape = append(d.shape, int(n))
					}
				})
			})
		}
	})
	return d
}

func readTensor(t *testing.T, m []byte, folder string) (name string, a array) {
	var data []byte
	outside := map[string]string{}
	message(t, m, func(number protowire.Number, n uint64, b []byte) {
		switch number {
		case 1:
			a.shape = append(a.shape, int(n))
		case 2:
			a.kind = Type(n)
		case 8:
			name = string(b)
		case 9:
			data = b
		case 13:
			pair := entry(t, b)
			outside[pair[1]] = pair[2]
		}
	})
	if len(outside) > 0 {
		text, err := os.ReadFile(filepath.Join(folder, outside["location"]))
		if err != nil {
			t.Fatal(err)
		}
		at, _ := strconv.Atoi(outside["offset"])
		n, _ := strconv.Atoi(outside["length"])
		if at%4096 != 0 || at+n > len(text) {
			t.Fatalf("%s: %v", name, outside)
		}
		data = text[at:][:n]
	}
	for len(data) > 0 {
		switch a.kind {
		case Float:
			a.v, data = append(a.v, float64(math.Float32frombits(binary.LittleEndian.Uint32(data)))), data[4:]
		case Half:
			a.v, data = append(a.v, fromHalf(binary.LittleEndian.Uint16(data))), data[2:]
		case Int64:
			a.v, data = append(a.v, float64(int64(binary.LittleEndian.Uint64(data)))), data[8:]
		default:
			t.Fatalf("%s is of type %d", name, a.kind)
		}
	}
	if len(a.v) != count(a.shape) {
		t.Fatalf("%s has %d values, its shape is %v", name, len(a.v), a.shape)
	}
	return name, a
}

// fromHalf reads an IEEE 754 binary16.
func fromHalf(h uint16) float64 {
	exponent, fraction, sign := int(h>>10&31), float64(h&1023), 1.0
	if h>>15 == 1 {
		sign = -1
	}
	if exponent == 0 {
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
