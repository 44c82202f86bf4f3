package imagedir

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"videomae/video"
)

// Numbers returns the numbers in the names of a folder's pictures, rising.
func Numbers(path string) ([]int, error) {
	_, names, err := list(path)
	if err != nil {
		return nil, fmt.Errorf("folder of frames %s: %w", path, err)
	}
	_, pattern, template := video.CutPictures(path)
	if !template {
		pattern = anyPicture
	}
	numbers := make([]int, len(names))
	for i, name := range names {
		if numbers[i], err = number(name, pattern); err != nil {
			return nil, fmt.Errorf("folder of frames %s: %w", path, err)
		}
	}
	return numbers, nil
}

// list returns a folder and the names of its pictures by rising number: of all pictures, or of those that a template at the end of the path
// names (video.CutPictures).
func list(path string) (dir string, names []string, err error) {
	dir, name, template := video.CutPictures(path)
	if !template {
		dir, name = path, anyPicture
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, video.Reason(err)
	}
	byNumber := map[int]string{}
	var order []int
	for _, e := range entries {
		if e.IsDir() || !IsPicture(e.Name()) || template && !name.MatchString(e.Name()) {
			continue
		}
		n, err := number(e.Name(), name)
		if err != nil {
			return "", nil, err
		}
		if twin, taken := byNumber[n]; taken {
			return "", nil, fmt.Errorf("%s and %s both have the number %d: name those that are meant, as %s", twin, e.Name(), n, filepath.Join(dir, "img_{:05}.jpg"))
		}
		byNumber[n] = e.Name()
		order = append(order, n)
	}
	switch {
	case len(order) == 0 && template:
		return "", nil, fmt.Errorf("the folder holds no such picture")
	case len(order) == 0:
		return "", nil, fmt.Errorf("holds no .jpg, .jpeg or .png picture")
	}
	slices.Sort(order)
	for _, n := range order {
		names = append(names, byNumber[n])
	}
	return dir, names, nil
}

// anyPicture matches names with the number that comes last in them, before the ending.
var anyPicture = regexp.MustCompile(`(\d+)\D*\.[^.]*$`)

// number reads the number in a picture's name.
func number(name string, pattern *regexp.Regexp) (int, error) {
	if m := pattern.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("picture %s has no usable number in its name; frames are named like img_00001.jpg", name)
}
