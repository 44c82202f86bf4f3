package probe

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"videomae/dataset"
	"videomae/eval"
	"videomae/extract"
	"videomae/internal/sha"
	"videomae/video"
	"videomae/weights"
)

// Cache keeps features in a folder: a safetensors file for each list and each way of making features, named by the hash of both. Files are
// never changed but replaced, and those of other hashes are left alone.
type Cache struct {
	Folder    string
	Weights   string // extract.Fingerprint of the encoder
	Precision string
	Options   extract.Options // resolved
}

// made is how features were made and of what, as its hash names files.
type made struct {
	Weights   string          `json:"weights_sha256"`
	Precision string          `json:"precision"`
	Options   extract.Options `json:"options"`
	Scheme    video.Scheme    `json:"scheme"`
	Seed      uint64          `json:"seed"` // of schemes that draw
	Chain     string          `json:"chain"`
	Frame     [3]int          `json:"frame"` // height, width, channels
	Videos    string          `json:"videos_sha256"`
}

// The keys of what a file says of itself.
const (
	familyKey = "family"
	family    = "videomae-probe"
	madeKey   = "made"   // made as JSON
	videosKey = "videos" // []Video as JSON
	sumKey    = "crc32c" // of the features' bytes
	tensor    = "features"
)

// cacheFile is the file of one list.
type cacheFile struct {
	path, made string
}

// file is where the features of a list go. No cache has none.
func (c *Cache) file(m dataset.Manifest, o dataset.ViewOptions) *cacheFile {
	if c == nil {
		return nil
	}
	chain := fmt.Sprintf("method %v, short side %d, %d crops, round down %v", o.Chain.Method, o.Chain.ShortSide, max(1, o.Chain.Views), o.Chain.RoundDown)
	text, err := json.Marshal(made{c.Weights, c.Precision, c.Options, o.Scheme, o.Seed, chain, [3]int{o.Height, o.Width, o.Channels}, hashOf(m)})
	if err != nil {
		panic(err) // of strings and numbers
	}
	sum := sha256.Sum256(text)
	return &cacheFile{filepath.Join(c.Folder, hex.EncodeToString(sum[:8])+extract.Safetensors), string(text)}
}

// hashOf is a hash of the videos of a list: their names and, where they are files, their size and time.
func hashOf(m dataset.Manifest) string {
	h := sha.New()
	for _, item := range m.Items {
		state := "-"
		if entry, err := os.Stat(item.Path); err == nil { // clips of packs are no files
			state = fmt.Sprint(entry.Size(), " ", entry.ModTime().UTC().Format(time.RFC3339Nano))
		}
		fmt.Fprintf(h, "%q %s\n", eval.Name(item), state) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// load takes over what the file has. A file that is not there, or of something else, has nothing; the remark says what is wrong with one that
// cannot be used, and is replaced.
func (c *cacheFile) load(f *Features) (remark string) {
	switch err := c.read(f); {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil:
		return fmt.Sprintf("features in %s cannot be used and are computed anew: %v", c.path, err)
	}
	return ""
}

func (c *cacheFile) read(f *Features) error {
	file, err := weights.Open(c.path)
	if err != nil {
		return err
	}
	defer file.Close()
	about := file.Metadata()
	if about[familyKey] != family || about[madeKey] != c.made {
		return errors.New("they were made in another way")
	}
	var videos []Video
	if err := json.Unmarshal([]byte(about[videosKey]), &videos); err != nil {
		return fmt.Errorf("names of videos: %w", err)
	}
	t, err := file.Tensor(tensor)
	if err != nil {
		return err
	}
	if sum := fmt.Sprint(crc32.Checksum(t.Data, castagnoli)); sum != about[sumKey] {
		return fmt.Errorf("their checksum is %s, not %s", sum, about[sumKey])
	}
	values, err := t.Float32s()
	if err != nil {
		return err
	}
	if len(videos) != len(f.Videos) || len(values) != len(f.Values) {
		return fmt.Errorf("%d videos and %d values, want %d and %d", len(videos), len(values), len(f.Videos), len(f.Values))
	}
	for i, v := range videos {
		if v.Name != f.Videos[i].Name {
			return fmt.Errorf("video %d is %q, not %q", i, v.Name, f.Videos[i].Name)
		}
	}
	f.Videos, f.Values = videos, values
	return nil
}

// save writes features; the file takes its name when it is complete.
func (c *cacheFile) save(f Features) error {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o777); err != nil {
		return err
	}
	videos, err := json.Marshal(f.Videos)
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	if err := writeFloats(sum, f.Values); err != nil {
		return err
	}
	about := map[string]string{familyKey: family, madeKey: c.made, videosKey: string(videos), sumKey: strconv.FormatUint(uint64(sum.Sum32()), 10)}
	specs := []weights.Spec{{Name: tensor, DType: weights.F32, Shape: []int{len(f.Videos), f.Views, f.Rows, f.Width}}}
	return weights.Stream(c.path, about, specs, func(w io.Writer) error { return writeFloats(w, f.Values) })
}

// writeFloats writes values, little-endian, without a copy of all of them.
func writeFloats(w io.Writer, values []float32) error {
	const most = 1 << 14
	chunk := make([]byte, 0, 4*most)
	for len(values) > 0 {
		n := min(most, len(values))
		chunk = chunk[:0]
		for _, v := range values[:n] {
			chunk = binary.LittleEndian.AppendUint32(chunk, math.Float32bits(v))
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
