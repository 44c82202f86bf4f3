package video

import (
	"path/filepath"
	"regexp"
	"strings"
)

// pictureNumber is where a template of picture names has the number: {}, {:05} or {:05d} as in Python, or %05d as in C.
var pictureNumber = regexp.MustCompile(`\{(?::0?\d*d?)?\}|%0?\d*d`)

// CutPictures takes the path of a folder's pictures of one kind apart, as DIR/img_{:05}.jpg, which is for folders that hold others as
// well; name matches the wanted pictures, with their number as its only group. It tells whether the path is one.
func CutPictures(path string) (dir string, name *regexp.Regexp, ok bool) {
	dir, template := filepath.Split(path)
	at := pictureNumber.FindStringIndex(template)
	if at == nil || !strings.Contains(template, ".") {
		return "", nil, false
	}
	name = regexp.MustCompile(`^` + regexp.QuoteMeta(template[:at[0]]) + `(\d+)` + regexp.QuoteMeta(template[at[1]:]) + `$`)
	return filepath.Clean(dir), name, true
}
