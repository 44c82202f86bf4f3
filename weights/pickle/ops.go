// The operations of the stack machine, by the names and codes of Python's own description of them (pickletools).

package pickle

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// step does one operation other than STOP.
func (m *machine) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		version, err := m.byte()
		if err == nil && version > 5 {
			err = fmt.Errorf("protocol %d is not known", version)
		}
		return err
	case 0x95: // FRAME: how many bytes belong together, which nothing here depends on
		_, err := m.take(8)
		return err
	case '(': // MARK
		m.marks = append(m.marks, len(m.stack))
		return nil
	case '0': // POP, which takes a mark where there is nothing above it
		if len(m.marks) > 0 && len(m.stack) == m.floor() {
			m.marks = m.marks[:len(m.marks)-1]
			return nil
		}
		_, err := m.pop()
		return err
	case '1': // POP_MARK
		_, err := m.popMark()
		return err
	case '2': // DUP
		v, err := m.top()
		m.push(v)
		return err
	}
	for _, part := range []func(byte) (bool, error){m.constant, m.text, m.recall, m.container, m.fill, m.object} {
		if done, err := part(op); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("operation %#x is not known", op)
}

// constant does the operations that push a number, a truth value or None.
func (m *machine) constant(op byte) (bool, error) {
	bytes := map[byte]int{'K': 1, 'M': 2, 'J': 4}[op]
	switch op {
	case 'N':
		m.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		m.push(op == 0x88)
	case 'K', 'M', 'J': // BININT1, BININT2, and BININT, the only one with a sign
		n, err := m.number(bytes)
		if op == 'J' {
			n = uint64(int64(int32(n)))
		}
		m.push(int64(n))
		return true, err
	case 'G': // BINFLOAT
		bits, err := m.take(8)
		if err != nil {
			return true, err
		}
		m.push(float(bits))
	case 'F', 'I', 'L': // FLOAT, INT, LONG, in decimal
		text, err := m.line()
		if err != nil {
			return true, err
		}
		v, err := decimal(op, text)
		m.push(v)
		return true, err
	case 0x8a, 0x8b: // LONG1, LONG4
		digits, err := m.counted(map[byte]int{0x8a: 1, 0x8b: 4}[op])
		if err != nil {
			return true, err
		}
		v, err := long(digits)
		m.push(v)
		return true, err
	default:
		return false, nil
	}
	return true, nil
}

func decimal(op byte, text string) (any, error) {
	if op == 'F' {
		return strconv.ParseFloat(text, 64)
	}
	if op == 'I' && (text == "00" || text == "01") {
		return text == "01", nil
	}
	text = strings.TrimSuffix(text, "L")
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	n, ok := new(big.Int), len(text) <= maxDigits
	if ok {
		_, ok = n.SetString(text, 10)
	}
	if !ok {
		return nil, fmt.Errorf("%.40q is not an integer", text)
	}
	return n, nil
}

// long reads a little-endian integer in two's complement.
func long(digits []byte) (any, error) {
	if len(digits) > maxDigits {
		return nil, fmt.Errorf("an integer of %d bytes", len(digits))
	}
	magnitude := make([]byte, len(digits))
	for i, d := range digits {
		magnitude[len(digits)-1-i] = d
	}
	n := new(big.Int).SetBytes(magnitude)
	if len(digits) > 0 && digits[len(digits)-1]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(digits))))
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n, nil
}

// textLength gives the number of bytes of the length that stands before a text or bytes.
var textLength = map[byte]int{
	'T': 4, 'U': 1, 'X': 4, 0x8c: 1, 0x8d: 8, // BINSTRING, SHORT_BINSTRING, BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
	'B': 4, 'C': 1, 0x8e: 8, 0x96: 8, // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
}

// text does the operations that push a text or bytes.
func (m *machine) text(op byte) (bool, error) {
	if length, ok := textLength[op]; ok {
		value, err := m.counted(length)
		switch op {
		case 'B', 'C', 0x8e, 0x96:
			m.push(value)
		default:
			m.push(string(value))
		}
		return true, err
	}
	switch op {
	case 'V': // UNICODE
		text, err := m.line()
		m.push(text)
		return true, err
	case 'S': // STRING, in quotes
		text, err := m.line()
		if n := len(text); err == nil && (n < 2 || text[0] != text[n-1] || text[0] != '\'' && text[0] != '"') {
			err = errors.New("a string without quotes")
		}
		if err == nil {
			m.push(text[1 : len(text)-1])
		}
		return true, err
	}
	return false, nil
}

// recall does the operations that keep a value under a number and bring it back.
func (m *machine) recall(op byte) (bool, error) {
	var at int64
	switch op {
	case 'p', 'g': // PUT, GET
		text, err := m.line()
		if err != nil {
			return true, err
		}
		if at, err = strconv.ParseInt(text, 10, 64); err != nil {
			return true, fmt.Errorf("%.40q is not a place of the memo", text)
		}
	case 'q', 'h', 'r', 'j': // BINPUT, BINGET, LONG_BINPUT, LONG_BINGET
		n, err := m.number(map[byte]int{'q': 1, 'h': 1, 'r': 4, 'j': 4}[op])
		if err != nil {
			return true, err
		}
		at = int64(n)
	case 0x94: // MEMOIZE
		at = int64(len(m.memo))
	default:
		return false, nil
	}
	switch op {
	case 'g', 'h', 'j':
		v, ok := m.memo[at]
		if !ok {
			return true, fmt.Errorf("nothing was kept as number %d", at)
		}
		m.push(v)
		return true, nil
	}
	v, err := m.top()
	m.memo[at] = v
	return true, err
}
