package checkpoint

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"videomae/internal/sha"
	"videomae/weights"
)

// Origin says where weights come from. It stays the same however often they are converted.
type Origin struct {
	Source        string `json:"source"`           // name of the file or folder that they were first taken from
	SHA256        string `json:"sha256"`           // of that file; of several, of their names and hashes (sha256sum's lines, sorted by name)
	Family        string `json:"family"`           // the names they were under
	Licence       string `json:"licence"`          // as stated beside them, or what is known of such weights; "unknown" else
	NonCommercial bool   `json:"non_commercial"`   // the licence forbids commercial use, or probably does
	Stated        bool   `json:"licence_stated"`   // the licence is stated beside the weights, not presumed
	Changed       string `json:"change,omitempty"` // what was done to the values: rounding, parts left, normalisation
}

// Licences that are presumed where nothing is stated. Sources: the licence files of the official repositories.
var presumed = map[string]string{
	"official": "CC-BY-NC-4.0 if these are the released weights of VideoMAE or were fine-tuned from them",
	"mae":      "CC-BY-NC-4.0 if these are the released weights of MAE",
}

// FindOrigin gives the origin of a checkpoint: what this program wrote beside the weights, or else a new one, for which the files are read
// and hashed. licence, if not empty, is the caller's statement. done is told the bytes read.
func (c *Checkpoint) FindOrigin(ctx context.Context, licence string, done func(bytes int64)) (Origin, error) {
	var o Origin
	if text, ok := c.Raw.Metadata()[weights.OriginKey]; ok {
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			return o, fmt.Errorf("%s: metadata %s: %w", c.Tensors, weights.OriginKey, err)
		}
	} else {
		sum, err := hashFiles(ctx, c.Files, done)
		if err != nil {
			return o, err
		}
		o = Origin{Source: c.sourceName(), SHA256: sum, Family: c.Family, Licence: "unknown"}
		o.presume(c)
	}
	if licence != "" {
		o.Licence, o.Stated, o.NonCommercial = licence, true, nonCommercial(licence)
	}
	return o, nil
}

// Hashed is the number of bytes that FindOrigin reads.
func (c *Checkpoint) Hashed() (total int64) {
	if _, ok := c.Raw.Metadata()[weights.OriginKey]; ok {
		return 0
	}
	for _, file := range c.Files {
		if info, err := os.Stat(file); err == nil { // else reading says why
			total += info.Size()
		}
	}
	return total
}

// presume finds the licence that is stated beside the weights or usual for them.
func (o *Origin) presume(c *Checkpoint) {
	if c.Folder != "" {
		if stated := licenceOf(c.Folder); stated != "" {
			o.Licence, o.Stated, o.NonCommercial = stated, true, nonCommercial(stated)
			return
		}
	}
	if strings.HasPrefix(c.Raw.Metadata()[weights.FamilyKey], "videomae-") {
		return // trained by this program, which makes no claim on weights
	}
	family := c.Family
	if family == hubFamily || family == "mmaction2" {
		family = "official" // both publish conversions of the official weights
	}
	if text, ok := presumed[family]; ok {
		o.Licence, o.NonCommercial = text, true
	}
}

func nonCommercial(licence string) bool {
	l := strings.ToLower(licence)
	return strings.Contains(l, "-nc") || strings.Contains(l, "noncommercial") || strings.Contains(l, "non-commercial")
}

// sourceName is the name of the folder or file, without where it lies on this machine; of one in the hub's cache its name there, with the commit.
func (c *Checkpoint) sourceName() string {
	path := c.Tensors
	if c.Folder != "" {
		path = c.Folder
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	snapshots := filepath.Dir(path)
	if model, ok := strings.CutPrefix(filepath.Base(filepath.Dir(snapshots)), "models--"); ok && filepath.Base(snapshots) == "snapshots" {
		return "hf:" + strings.Replace(model, "--", "/", 1) + "@" + filepath.Base(path)
	}
	return filepath.Base(path)
}

// hashFiles is the hash of a file, or of the list of several files' hashes and names.
func hashFiles(ctx context.Context, files []string, done func(bytes int64)) (string, error) {
	list := sha.New()
	for _, file := range files {
		one := sha.New()
		if err := hashFile(ctx, one, file, done); err != nil {
			return "", err
		}
		sum := hex.EncodeToString(one.Sum(nil))
		if len(files) == 1 {
			return sum, nil
		}
		fmt.Fprintf(list, "%s  %s\n", sum, filepath.Base(file))
	}
	return hex.EncodeToString(list.Sum(nil)), nil
}

func hashFile(ctx context.Context, into hash.Hash, path string, done func(bytes int64)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buf := make([]byte, 4<<20)
	for {
		n, err := file.Read(buf)
		into.Write(buf[:n])
		if done != nil && n > 0 {
			done(int64(n))
		}
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("hashing %s: %w", path, err)
		}
	}
}
