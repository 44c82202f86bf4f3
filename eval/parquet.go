// The columnar file of predictions, which pandas, DuckDB or Polars open as well.

package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"videomae/video"
)

// aboutKey is the key of the file's metadata under which About stands, as JSON.
const aboutKey = "videomae"

// parquetRow is a view, or a video that could not be read, which has no view.
type parquetRow struct {
	Index    int32     `parquet:"index"` // of the video in the list
	Video    string    `parquet:"video,dict"`
	Class    string    `parquet:"class,optional,dict"` // as the list calls it
	Label    int32     `parquet:"label"`               // place among the model's classes; -1 for none
	Temporal *int32    `parquet:"temporal,optional"`
	Crop     *int32    `parquet:"crop,optional"`
	Logits   []float32 `parquet:"logits,optional,list"`
	Error    string    `parquet:"error,optional,dict"`
}

// groupBytes is about how much of the logits is held before it is written.
const groupBytes = 64 << 20

// Write writes predictions as a Parquet file, a row for each view, which appears at path only when it is whole and on the disk.
func (p Predictions) Write(path string) error {
	about, err := json.Marshal(p.About)
	if err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error {
		rows := max(1, int64(groupBytes/(4*max(1, len(p.Classes)))))
		out := parquet.NewGenericWriter[parquetRow](w, parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(rows), parquet.KeyValueMetadata(aboutKey, string(about)))
		for _, v := range p.Videos {
			if _, err := out.Write(rowsOf(v)); err != nil {
				return err
			}
		}
		return out.Close()
	})
}

func rowsOf(v Video) []parquetRow {
	common := parquetRow{Index: int32(v.Index), Video: v.Name, Class: v.Class, Label: int32(v.Label), Error: v.Error}
	if len(v.Views) == 0 {
		return []parquetRow{common}
	}
	rows := make([]parquetRow, len(v.Views))
	for i, view := range v.Views {
		rows[i] = common
		temporal, crop := int32(view.Temporal), int32(view.Crop)
		rows[i].Temporal, rows[i].Crop, rows[i].Logits = &temporal, &crop, view.Logits
	}
	return rows
}

// ReadFile reads what Write wrote.
func ReadFile(path string) (p Predictions, err error) {
	defer func() { // a library that panics on a damaged file
		if r := recover(); r != nil {
			p, err = Predictions{}, fmt.Errorf("predictions %s: the file is damaged: %v", path, r)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		return Predictions{}, fmt.Errorf("predictions %s: %w", path, video.Reason(err))
	}
	defer file.Close()
	if p, err = readParquet(file); err != nil {
		return Predictions{}, fmt.Errorf("predictions %s: %w", path, err)
	}
	return p, nil
}

func readParquet(file *os.File) (Predictions, error) {
	info, err := file.Stat()
	if err != nil {
		return Predictions{}, err
	}
	opened, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return Predictions{}, fmt.Errorf("not a Parquet file, or a damaged one: %w", err)
	}
	text, has := opened.Lookup(aboutKey)
	if !has || !parquet.EqualNodes(opened.Schema(), parquet.SchemaOf(parquetRow{})) {
		return Predictions{}, errors.New("a Parquet file, but none that videomae evaluate wrote")
	}
	var p Predictions
	if err := json.Unmarshal([]byte(text), &p.About); err != nil {
		return Predictions{}, fmt.Errorf("its metadata is damaged: %w", err)
	}
	reader := parquet.NewGenericReader[parquetRow](opened)
	defer reader.Close()
	for {
		rows := make([]parquetRow, 256)
		n, err := reader.Read(rows)
		for _, row := range rows[:n] {
			if err := p.addRow(row); err != nil {
				return Predictions{}, err
			}
		}
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return Predictions{}, fmt.Errorf("row %d: %w", len(p.Videos), err)
		}
	}
}

// addRow takes a row. The views of a video stand together.
func (p *Predictions) addRow(row parquetRow) error {
	n := len(p.Videos)
	if n == 0 || p.Videos[n-1].Index != int(row.Index) {
		p.Videos = append(p.Videos, Video{Index: int(row.Index), Name: row.Video, Class: row.Class, Label: int(row.Label), Error: row.Error})
		n++
	}
	v := &p.Videos[n-1]
	if row.Temporal == nil || row.Crop == nil {
		return nil
	}
	if len(row.Logits) != len(p.Classes) {
		return fmt.Errorf("video %s: %d logits, want one for each of %d classes", row.Video, len(row.Logits), len(p.Classes))
	}
	v.Views = append(v.Views, View{Temporal: int(*row.Temporal), Crop: int(*row.Crop), Logits: slices.Clone(row.Logits)})
	return nil
}
