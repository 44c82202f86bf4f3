package lists

import (
	"io/fs"
	"iter"
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

// isVideo tells by its extension whether a file name is that of a video.
func isVideo(name string) bool {
	return slices.Contains(extensions, strings.ToLower(path.Ext(name)))
}

// readFolder finds the videos below a folder, in the order of their names: files with a video's extension, and folders with pictures in
// them. The folder that one lies in is its label. Where all folders at the top are called train, val, test or the like, they are
// splits and not part of the label. Hidden files and folders are passed over, links to folders not followed.
func readFolder(root string) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		real, err := filepath.EvalSymlinks(root)
		if err != nil {
			yield(entry{}, fileError(root, err))
			return
		}
		tree := os.DirFS(real)
		splits, err := splitFolders(tree)
		if err == nil {
			err = walk(tree, func(name string) bool { return yield(found(name, splits), nil) })
		}
		if err != nil {
			yield(entry{}, fileError(root, err))
		}
	}
}

// walk calls each with the name of every video until it returns false.
func walk(tree fs.FS, each func(name string) bool) error {
	return fs.WalkDir(tree, ".", func(name string, item fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(item.Name(), ".")
		switch {
		case err != nil:
			return err
		case hidden && item.IsDir():
			return fs.SkipDir
		case hidden:
			return nil
		case item.IsDir():
			pictures, err := holdsPictures(tree, name)
			if err != nil || !pictures {
				return err
			}
			if !each(name) {
				return fs.SkipAll
			}
			return fs.SkipDir
		case isVideo(name) && !each(name):
			return fs.SkipAll
		}
		return nil
	})
}

// splitFolders tells whether all folders at the top are named for splits.
func splitFolders(tree fs.FS) (bool, error) {
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return false, video.Reason(err)
	}
	folders := 0
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if !slices.Contains([]string{"train", "val", "test"}, splitName(e.Name())) {
			return false, nil
		}
		folders++
	}
	return folders > 0, nil
}

// found is the entry at a name below a root; directly below it, or root itself, it has no label.
func found(name string, splits bool) entry {
	e := entry{Item: Item{Name: name, Label: path.Dir(name)}}
	if splits {
		if top, rest, below := strings.Cut(name, "/"); below {
			e.Split, e.Label = splitName(top), path.Dir(rest)
		}
	}
	if e.Label == "." {
		e.Label = ""
	}
	return e
}

// holdsPictures tells whether a folder is one of frames. Pictures beside videos are thumbnails and the like.
func holdsPictures(tree fs.FS, dir string) (bool, error) {
	entries, err := fs.ReadDir(tree, dir)
	if err != nil {
		return false, err
	}
	pictures := false
	for _, e := range entries {
		if isVideo(e.Name()) || e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			return false, nil
		}
		pictures = pictures || imagedir.IsPicture(e.Name())
	}
	return pictures, nil
}
