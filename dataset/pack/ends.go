package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The parts of a shard with a fixed length.
const (
	headerSize = 64
	footerSize = 32
	itemRow    = 16 // in the table of items
)

var (
	magic  = []byte("vmpack\r\n") // changed by whatever converts ends of lines
	endTag = []byte("vend")
)

// header is the beginning of a shard.
type header struct {
	number   int // of the shard
	first    int // number of its first item in the list
	identity [32]byte
}

func (h header) bytes() []byte {
	b := append([]byte(nil), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.number))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.first))
	b = append(b, h.identity[:]...)
	b = append(b, 0, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, checksum(b))
}

func parseHeader(b []byte) (header, error) {
	if len(b) != headerSize || !bytes.HasPrefix(b, magic) {
		return header{}, errors.New("is no shard of a pack, or its header is damaged")
	}
	le := binary.LittleEndian
	if checksum(b[:headerSize-4]) != le.Uint32(b[headerSize-4:]) {
		return header{}, errors.New("its header is damaged: the checksum differs")
	}
	if v := le.Uint32(b[8:]); v != version {
		return header{}, fmt.Errorf("has version %d of the format, and this program reads version %d: pack again, or use a newer program", v, version)
	}
	first := le.Uint64(b[16:])
	if first > 1<<31 {
		return header{}, fmt.Errorf("its header counts %d items before it", first)
	}
	return header{number: int(le.Uint32(b[12:])), first: int(first), identity: [32]byte(b[24:56])}, nil
}

// footer is the end of a shard.
type footer struct {
	at       int64 // of the table of items
	items    int
	checksum uint32 // of that table
	length   int64  // of the shard
}

func (f footer) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(f.at))
	b = binary.LittleEndian.AppendUint32(b, uint32(f.items))
	b = binary.LittleEndian.AppendUint32(b, f.checksum)
	b = binary.LittleEndian.AppendUint64(b, uint64(f.length))
	b = append(b, endTag...)
	return binary.LittleEndian.AppendUint32(b, checksum(b))
}

// parseFooter reads the end of a shard of the given length.
func parseFooter(b []byte, length int64) (footer, error) {
	le := binary.LittleEndian
	if len(b) != footerSize || !bytes.Equal(b[24:28], endTag) || checksum(b[:footerSize-4]) != le.Uint32(b[footerSize-4:]) {
		return footer{}, errors.New("its end is missing or damaged: the file is cut short, or not a shard")
	}
	f := footer{at: int64(le.Uint64(b)), items: int(le.Uint32(b[8:])), checksum: le.Uint32(b[12:]), length: int64(le.Uint64(b[16:]))}
	if f.length != length {
		return footer{}, fmt.Errorf("has %d bytes, but was written with %d", length, f.length)
	}
	if f.at < headerSize || f.at+int64(f.items)*itemRow+footerSize != length {
		return footer{}, errors.New("its table of items does not fit the file")
	}
	return f, nil
}
