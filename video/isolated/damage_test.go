//go:build unix

package isolated

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"videomae/internal/given"
	"videomae/seed"
)

// damaged is a file that should not be decoded, or should be decoded as far as it goes.
type damaged struct {
	path   string
	reason string // part of the error that must come; "": frames are fine as well, as not all damage shows
}

// goodFiles encodes a second or two of a moving picture in the usual ways, and adds real videos where they are wanted and there.
func goodFiles(t *testing.T, real bool) []string {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for _, c := range []struct{ name, args string }{
		{"h264.mp4", "-c:v libx264 -g 12 -bf 2 -pix_fmt yuv420p"},
		{"mpeg4.avi", "-c:v mpeg4"},
		{"faststart.mp4", "-c:v libx264 -pix_fmt yuv420p -movflags +faststart"},
		{"h264.mkv", "-c:v libx264 -pix_fmt yuv420p"},
		{"fragmented.mp4", "-c:v libx264 -pix_fmt yuv420p -g 12 -movflags frag_keyframe+empty_moov"},
		{"jpeg.avi", "-c:v mjpeg -pix_fmt yuvj420p"},
		{"vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"},
		{"raw.avi", "-c:v rawvideo -pix_fmt bgr24"},
	} {
		path := filepath.Join(dir, c.name)
		args := strings.Fields("-nostdin -loglevel error -f lavfi -i testsrc=size=160x120:rate=25 -frames:v 40 " + c.args)
		if out, err := exec.Command("ffmpeg", append(args, path)...).CombinedOutput(); err != nil {
			t.Skipf("no ffmpeg that encodes %s: %v\n%s", c.name, err, out)
		}
		files = append(files, path)
	}
	if real {
		more, err := filepath.Glob(filepath.Join(given.Clips(t), "fightsurv", "*", "*0.mp4"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(append(files, more...), given.Clips(t, "decode", "mm_demo.mp4"), given.Clips(t, "decode", "mm_test.avi"))
	}
	return files
}

// damage is a way of making a broken file of a good one.
type damage struct {
	name string
	do   func(data []byte, rng *rand.Rand) []byte
}

var damages = []damage{
	{"truncated", func(d []byte, rng *rand.Rand) []byte { return d[:1+rng.IntN(len(d)-1)] }},
	{"headless", func(d []byte, rng *rand.Rand) []byte { return d[1+rng.IntN(len(d)-1):] }},
	{"one-bit", func(d []byte, rng *rand.Rand) []byte { return flip(d, 1, len(d), rng) }},
	{"bits", func(d []byte, rng *rand.Rand) []byte { return flip(d, 200, len(d), rng) }},
	{"bits-in-head", func(d []byte, rng *rand.Rand) []byte { return flip(d, 20, min(600, len(d)), rng) }},
	{"bits-in-index", func(d []byte, rng *rand.Rand) []byte { return flipIndex(d, rng) }},
	{"zeroed", func(d []byte, rng *rand.Rand) []byte { clear(block(d, rng)); return d }},
	{"noise", func(d []byte, rng *rand.Rand) []byte {
		for i, b := 0, block(d, rng); i < len(b); i++ {
			b[i] = byte(rng.Uint32())
		}
		return d
	}},
	{"doubled", func(d []byte, rng *rand.Rand) []byte { b := block(d, rng); return append(append([]byte{}, b...), d...) }},
	{"endless-moov", func(d []byte, _ *rand.Rand) []byte { return boxSize(d, "moov", 0xffffffff) }},
	{"endless-track", func(d []byte, _ *rand.Rand) []byte { return boxSize(d, "trak", 0xfffffff0) }},
	{"moov-in-moov", func(d []byte, _ *rand.Rand) []byte { return nested(d) }},
	{"many-moovs", func(d []byte, _ *rand.Rand) []byte {
		return append(d, bytes.Repeat([]byte("\x00\x00\x00\x08moov"), 1<<16)...)
	}},
	{"huge-picture", func(d []byte, _ *rand.Rand) []byte { return hugePicture(d) }},
	{"huge-tables", func(d []byte, _ *rand.Rand) []byte { return hugeTables(d) }},
}

func flip(d []byte, bits, within int, rng *rand.Rand) []byte {
	for range bits {
		d[rng.IntN(within)] ^= 1 << rng.IntN(8)
	}
	return d
}

// flipIndex flips bits in an MP4's index, or at the end of another file, where other indices are.
func flipIndex(d []byte, rng *rand.Rand) []byte {
	at := bytes.Index(d, []byte("moov"))
	if at < 0 {
		at = max(0, len(d)-2000)
	}
	flip(d[at:], 12, min(2000, len(d)-at), rng)
	return d
}

// block is a random part of a tenth.
func block(d []byte, rng *rand.Rand) []byte { return d[rng.IntN(len(d)-len(d)/10):][:len(d)/10] }

// boxSize changes the length that an MP4's first box of a type states.
func boxSize(d []byte, kind string, size uint32) []byte {
	if at := bytes.Index(d, []byte(kind)); at >= 4 {
		binary.BigEndian.PutUint32(d[at-4:], size)
	}
	return d
}

// nested is a file of boxes within boxes, 20,000 deep.
func nested(d []byte) []byte {
	const deep = 20_000
	out := append([]byte{}, d[:min(32, len(d))]...)
	for i := range uint32(deep) {
		out = binary.BigEndian.AppendUint32(out, 8*(deep-i))
		out = append(out, []string{"moov", "trak", "mdia", "minf", "stbl"}[min(i, 4)]...)
	}
	return out
}

// hugePicture claims many pixels in every header of a picture's size that it finds: 65,535 x 65,535 in an MP4's sample entry and an AVI's
// header, 16,000 x 16,000 in a JPEG's.
func hugePicture(d []byte) []byte {
	for _, entry := range []string{"avc1", "vp09", "mp4v"} {
		if at := bytes.Index(d, []byte(entry)); at >= 0 && at+32 < len(d) {
			copy(d[at+28:], "\xff\xff\xff\xff")
		}
	}
	if at := bytes.Index(d, []byte("strf")); at >= 0 && at+20 < len(d) {
		copy(d[at+12:], "\xff\xff\x00\x00\xff\xff\x00\x00")
	}
	for i, sof := 0, []byte("\xff\xc0\x00\x11\x08"); i+9 < len(d); i++ {
		if bytes.HasPrefix(d[i:], sof) {
			copy(d[i+5:], "\x3e\x80\x3e\x80")
		}
	}
	if at := bytes.Index(d, []byte{0xb0, 0x81}); at >= 0 { // an MKV's width in one byte, 160
		d[at+2] = 0xff
	}
	return d
}

// hugeTables claims four thousand million entries in every table of an MP4's index.
func hugeTables(d []byte) []byte {
	for _, table := range []string{"stts", "ctts", "stss", "stsc", "stco", "elst"} {
		if at := bytes.Index(d, []byte(table)); at >= 0 && at+12 <= len(d) {
			copy(d[at+8:], "\xff\xff\xff\xff")
		}
	}
	if at := bytes.Index(d, []byte("stsz")); at >= 0 && at+16 <= len(d) {
		copy(d[at+12:], "\xff\xff\xff\xff")
	}
	return d
}

// damagedFiles makes count broken files of good ones, each sort in turn, and one of each that is no file at all.
func damagedFiles(t *testing.T, good []string, count int) []damaged {
	t.Helper()
	dir := t.TempDir()
	files := strangeFiles(t, dir, good)
	for i := 0; len(files) < count; i++ {
		from, how := good[(3*(i%len(damages))+i/len(damages))%len(good)], damages[i%len(damages)] // each pair, in the end
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		data = how.do(data, seed.Rand(7, "damage", uint64(i)))
		path := filepath.Join(dir, fmt.Sprintf("%03d-%s-%s", i, how.name, filepath.Base(from)))
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, damaged{path: path})
	}
	return files
}

// strangeFiles makes what has the name of a video and is none.
func strangeFiles(t *testing.T, dir string, good []string) []damaged {
	t.Helper()
	at := func(name string) string { return filepath.Join(dir, name) }
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, data []byte) string {
		check(os.WriteFile(at(name), data, 0o666))
		return at(name)
	}
	check(syscall.Mkfifo(at("fifo.mp4"), 0o666))
	check(os.Mkdir(at("folder.mp4"), 0o777))
	check(os.Symlink("/dev/zero", at("device.mp4")))
	check(os.Symlink(at("loop.mp4"), at("loop.mp4")))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: at("socket.mp4"), Net: "unix"})
	check(err)
	t.Cleanup(func() { listener.Close() })
	check(os.Mkdir(at("bomb"), 0o777))
	data, err := os.ReadFile(good[0])
	check(err)
	files := []damaged{
		{write("empty.mp4", nil), "empty"},
		{write("text.mp4", []byte("not a video\n")), "video"},
		{write("picture.mp4", hugePNG()), "video"},
		{write("list.mp4", []byte("ffconcat version 1.0\nfile "+good[0]+"\n")), "video"},
		{write("zeros.mp4", make([]byte, 1<<20)), "video"},
		{write("wrong extension.jpg", data), ""},
		{at("missing.mp4"), "no such file"},
		{at("fifo.mp4"), "named pipe"},
		{at("folder.mp4"), "holds no"},
		{at("device.mp4"), "device"},
		{at("socket.mp4"), "socket"},
		{at("loop.mp4"), "symbolic links"},
		{filepath.Dir(write("bomb/img_1.png", hugePNG())), "60000x60000"},
	}
	if os.Getuid() != 0 { // who may read everything
		check(os.Chmod(write("locked.mp4", data), 0))
		files = append(files, damaged{at("locked.mp4"), "permission denied"})
	}
	return files
}

// hugePNG is a picture's header that claims 60,000 x 60,000 pixels, with a sound checksum.
func hugePNG() []byte {
	var head []byte
	head = append(head, "IHDR"...)
	head = binary.BigEndian.AppendUint32(head, 60_000)
	head = binary.BigEndian.AppendUint32(head, 60_000)
	head = append(head, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}
