// The messages of the format that are needed, as bytes. Source: onnx.proto of the ONNX project, whose field numbers these are.

package onnx

import (
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Type is the type of a tensor's elements, by its number in the format.
type Type int32

// The types that occur.
const (
	Float Type = 1
	Int64 Type = 7
	Half  Type = 10
)

func (t Type) String() string {
	switch t {
	case Float:
		return "float32"
	case Int64:
		return "int64"
	case Half:
		return "float16"
	}
	return "unknown"
}

// MarshalText gives the name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// size is the number of bytes of an element.
func (t Type) size() int {
	switch t {
	case Int64:
		return 8
	case Half:
		return 2
	}
	return 4
}

// Numbers of the fields of ModelProto and GraphProto that are written by write.go.
const (
	modelGraph       = 7
	graphInitializer = 5
)

func appendText(b []byte, field protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendBytes(b []byte, field protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), message)
}

func appendInt(b []byte, field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

// appendEntry appends a StringStringEntryProto.
func appendEntry(b []byte, field protowire.Number, key, value string) []byte {
	return appendBytes(b, field, appendText(appendText(nil, 1, key), 2, value))
}

// encode gives a ModelProto without its graph.
func (m *Model) encode() []byte {
	b := appendInt(nil, 1, irVersion(m.graph.opset))
	b = appendText(b, 2, "videomae")
	b = appendText(b, 3, m.producer)
	b = appendText(b, 6, m.about)
	b = appendBytes(b, 8, appendInt(nil, 2, int64(m.graph.opset))) // of the default domain
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		b = appendEntry(b, 14, key, m.Metadata[key])
	}
	return b
}

// irVersion is the version of the format that came with a set of operators. Source: the versioning table of the ONNX project.
func irVersion(opset int) int64 {
	if opset < 19 {
		return 8
	}
	return 9
}

// encodeGraph gives a GraphProto without its initializers.
func (m *Model) encodeGraph() []byte {
	var b []byte
	for _, n := range m.graph.nodes {
		b = appendBytes(b, 1, n.encode())
	}
	b = appendText(b, 2, "videomae")
	for _, v := range m.Inputs {
		b = appendBytes(b, 11, v.encode())
	}
	for _, v := range m.Outputs {
		b = appendBytes(b, 12, v.encode())
	}
	return b
}

// encode gives a NodeProto.
func (n node) encode() []byte {
	var b []byte
	for _, name := range n.inputs {
		b = appendText(b, 1, name)
	}
	for _, name := range n.outputs {
		b = appendText(b, 2, name)
	}
	b = appendText(b, 3, n.outputs[0])
	b = appendText(b, 4, n.kind)
	for _, a := range n.attributes {
		b = appendBytes(b, 5, a.encode())
	}
	return b
}

// encode gives an AttributeProto.
func (a attribute) encode() []byte {
	const kindFloat, kindInt, kindInts = 1, 2, 7
	b := appendText(nil, 1, a.name)
	switch v := a.value.(type) {
	case float32:
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(v))
		return appendInt(b, 20, kindFloat)
	case []int:
		for _, i := range v {
			b = appendInt(b, 8, int64(i))
		}
		return appendInt(b, 20, kindInts)
	default:
		return appendInt(appendInt(b, 3, int64(v.(int))), 20, kindInt)
	}
}

// encode gives a ValueInfoProto.
func (v Value) encode() []byte {
	var shape []byte
	for _, d := range v.Shape {
		if d.Name != "" {
			shape = appendBytes(shape, 1, appendText(nil, 2, d.Name))
		} else {
			shape = appendBytes(shape, 1, appendInt(nil, 1, int64(d.Size)))
		}
	}
	tensor := appendBytes(appendInt(nil, 1, int64(v.Type)), 2, shape)
	b := appendBytes(appendText(nil, 1, v.Name), 2, appendBytes(nil, 1, tensor))
	return appendText(b, 3, v.About)
}

// encode gives a TensorProto without its values, which follow it; or whole, for values at a place in another file.
func (c constant) encode(at *place) []byte {
	var b []byte
	for _, d := range c.shape {
		b = appendInt(b, 1, int64(d))
	}
	b = appendInt(b, 2, int64(c.kind))
	b = appendText(b, 8, c.name)
	if at == nil {
		return protowire.AppendVarint(protowire.AppendTag(b, 9, protowire.BytesType), uint64(c.size()))
	}
	for _, e := range at.entries() {
		b = appendEntry(b, 13, e[0], e[1])
	}
	return appendInt(b, 14, 1) // external
}
