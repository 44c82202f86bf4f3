package dataset

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"videomae/video"
	"videomae/video/imagedir"
)

// extensions are those of video files. Others in a folder are passed over.
var extensions = []string{".mp4", ".avi", ".webm", ".mkv", ".mov", ".m4v", ".mpg", ".mpeg", ".ts", ".flv", ".wmv", ".asf", ".ogv", ".3gp"}

// scan finds the videos below a folder, in the order of their names: files with a video's extension, and folders with pictures in
// them. Hidden files and folders are passed over, links to folders not followed.
func scan(root string) ([]Item, error) {
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, video.Reason(err)
	}
	var items []Item
	tree := os.DirFS(real)
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden:
			return nil
		case entry.IsDir():
			pictures, err := holdsPictures(tree, name)
			if err != nil || !pictures {
				return err
			}
			items = append(items, found(root, name))
			return fs.SkipDir
		case slices.Contains(extensions, strings.ToLower(path.Ext(name))):
			items = append(items, found(root, name))
		}
		return nil
	})
	return items, err
}

// found is the item at a name below root; directly below it, or root itself, it has no label.
func found(root, name string) Item {
	label := path.Dir(name)
	if label == "." {
		label = ""
	}
	return Item{Name: name, Path: filepath.Join(root, filepath.FromSlash(name)), Label: label}
}

// holdsPictures tells whether a folder is one of frames. Pictures beside videos are thumbnails and the like.
func holdsPictures(tree fs.FS, dir string) (bool, error) {
	entries, err := fs.ReadDir(tree, dir)
	if err != nil {
		return false, err
	}
	pictures := false
	for _, e := range entries {
		if slices.Contains(extensions, strings.ToLower(path.Ext(e.Name()))) || e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			return false, nil
		}
		pictures = pictures || imagedir.IsPicture(e.Name())
	}
	return pictures, nil
}
