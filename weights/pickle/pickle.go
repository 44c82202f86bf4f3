// Package pickle reads the serialised form of Python objects as plain data. Nothing is ever called: a class or function is a name, what it
// would have made is an Object that records the call, and names that the reader does not allow end the reading.
//
// It is written for files of strangers. Lengths are compared with what is left of the input before memory is taken, and the size of one
// value, of the whole and the number of operations are limited. It understands protocols 0 to 5 as far as numbers, strings, containers,
// objects and persistent references go; not out-of-band buffers and the extension registry, which no file on its own can use.
package pickle

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Limits of what is read.
const (
	maxBytes  = 64 << 20 // of one pickle, and so of one value
	maxOps    = 4 << 20
	maxDigits = 1024 // of an integer
)

// Global is the name of a class or function.
type Global struct{ Module, Name string }

// String is the name with its module.
func (g Global) String() string { return g.Module + "." + g.Name }

// Object stands for what calling Class with Args and setting State would have made.
type Object struct {
	Class Global
	Args  Tuple
	State any
}

// Tuple is a sequence that does not change.
type Tuple []any

// List is a sequence.
type List struct{ Items []any }

// Dict is a mapping with its items in the order of the file. A key that occurs twice has its last value.
type Dict struct {
	Keys, Values []any
	State        any // set on it as on an object; nil for none

	index map[string]int // of keys that are strings
}

// Get gives the value of a key that is a string.
func (d *Dict) Get(key string) (any, bool) {
	i, ok := d.index[key]
	if !ok {
		return nil, false
	}
	return d.Values[i], true
}

// Set adds an item, or changes it where the key is a text that is there.
func (d *Dict) Set(key, value any) {
	if name, ok := key.(string); ok {
		if i, there := d.index[name]; there {
			d.Values[i] = value
			return
		}
		if d.index == nil {
			d.index = map[string]int{}
		}
		d.index[name] = len(d.Keys)
	}
	d.Keys, d.Values = append(d.Keys, key), append(d.Values, value)
}

// Reader says what names and references in a pickle mean. Values are nil, bool, int64, *big.Int, float64, string, []byte, Tuple, *List,
// *Dict, Set, Global, *Object, and what the functions below return.
type Reader struct {
	// Allow is an error for a class or function that must not occur.
	Allow func(Global) error
	// Persistent gives the object that an identifier outside of the pickle refers to; without it, references are errors.
	Persistent func(id any) (any, error)
	// Call gives what a function makes of its arguments; false leaves an Object. May be nil.
	Call func(f Global, args Tuple) (value any, ok bool, err error)
}

// Set is a set; its members are in the order of the file.
type Set struct{ *List }

// Read reads one pickle of at most limit bytes. It takes no more bytes from the input than the pickle has, so that what follows can be read.
// Errors give the place, in bytes from the pickle's start.
func (r Reader) Read(in *bufio.Reader, limit int64) (value any, size int64, err error) {
	m := &machine{Reader: r, in: in, left: min(limit, maxBytes)}
	limit = m.left
	value, err = m.run()
	size = limit - m.left
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it is cut off")
		}
		return nil, size, fmt.Errorf("pickle: byte %d: %w", size, err)
	}
	return value, size, nil
}

// machine is the stack machine that a pickle is a program of.
type machine struct {
	Reader
	in    *bufio.Reader
	left  int64
	stack []any
	marks []int // heights of the stack
	memo  map[int64]any
}

func (m *machine) run() (any, error) {
	m.memo = map[int64]any{}
	for range maxOps {
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == '.' {
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("more than %d operations", maxOps)
}

func (m *machine) byte() (byte, error) {
	if m.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	m.left--
	return m.in.ReadByte()
}

// take reads n bytes.
func (m *machine) take(n uint64) ([]byte, error) {
	switch {
	case n > uint64(m.left) && n <= 8:
		return nil, io.ErrUnexpectedEOF
	case n > uint64(m.left):
		return nil, fmt.Errorf("a value of %d bytes, where at most %d can follow", n, m.left)
	}
	buf := make([]byte, n)
	m.left -= int64(n)
	_, err := io.ReadFull(m.in, buf)
	return buf, err
}

// number reads an unsigned little-endian integer of 1 to 8 bytes.
func (m *machine) number(bytes int) (uint64, error) {
	buf, err := m.take(uint64(bytes))
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], buf)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

// counted reads a value behind its length of the given bytes.
func (m *machine) counted(bytes int) ([]byte, error) {
	n, err := m.number(bytes)
	if err != nil {
		return nil, err
	}
	return m.take(n)
}

// line reads a text up to the end of its line.
func (m *machine) line() (string, error) {
	var text []byte
	for {
		c, err := m.byte()
		if err != nil {
			return "", err
		}
		if c == '\n' {
			return string(text), nil
		}
		text = append(text, c)
	}
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

// floor is the height below which the stack belongs to an open mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

var errStack = errors.New("the stack is too low")

func (m *machine) pop() (any, error) {
	n := len(m.stack)
	if n <= m.floor() {
		return nil, errStack
	}
	v := m.stack[n-1]
	m.stack = m.stack[:n-1]
	return v, nil
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errStack
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes what lies above the last mark, and the mark.
func (m *machine) popMark() (Tuple, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("there is no mark")
	}
	at := m.floor()
	items := append(Tuple{}, m.stack[at:]...)
	m.stack, m.marks = m.stack[:at], m.marks[:len(m.marks)-1]
	return items, nil
}

func float(bits []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(bits)) }
