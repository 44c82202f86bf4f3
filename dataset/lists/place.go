package lists

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"videomae/video"
)

// How many rows, and how many folders, are tried to find where a list's files are.
const (
	triedRows    = 20
	triedFolders = 24
)

// place finds out where the files of a list are, and, for lists of ids, how they are named.
func (s *Source) place() {
	if s.Kind == Folders {
		s.Root, s.Found = s.Path, true
		return
	}
	first := s.first()
	namings, roots := s.namings(first), s.roots()
	for _, root := range roots {
		for _, files := range namings {
			s.Root, s.Files = root, files
			for _, e := range first {
				s.name(&e.entry)
				if Exists(s.path(e.kind, e.entry)) {
					s.Found = true
					return
				}
			}
		}
	}
	s.Root, s.Files = roots[0], namings[0]
}

// probe is one of the first entries, with the kind of its list.
type probe struct {
	entry
	kind Kind
}

// first reads the first sound rows of each part.
func (s *Source) first() (all []probe) {
	for _, p := range s.parts {
		tried := 0
		for e, err := range p.rows {
			if tried++; tried > triedRows || err != nil && !IsRow(err) {
				break
			}
			if err == nil {
				if e.Split == "" {
					e.Split = p.split
				}
				all = append(all, probe{e, p.kind})
			}
		}
	}
	return all
}

// roots are the folders where a list's files may be: the one given, for our own form its own folder, for those of the official code as
// they are, for the others any around it.
func (s *Source) roots() []string {
	if s.Root != "" {
		return []string{s.Root}
	}
	dir := s.Path
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	switch {
	case s.Kind == CSV:
		return []string{dir}
	case s.Kind.verbatim():
		return []string{""}
	}
	parent := filepath.Join(dir, "..")
	roots := []string{dir, parent}
	for _, around := range []string{dir, parent} {
		entries, _ := os.ReadDir(around) // one that cannot be read has nothing to find
		for _, e := range entries {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && len(roots) < triedFolders {
				roots = append(roots, filepath.Join(around, e.Name()))
			}
		}
	}
	return roots
}

// namings are the ways in which files may be named that a list has only ids of, the usual one first.
func (s *Source) namings(first []probe) []string {
	if s.Files != "" || len(first) == 0 || first[0].Name != "" {
		return []string{s.Files}
	}
	stems, endings := []string{"{id}"}, []string{".mp4", ".mkv", ".webm", ".avi"}
	switch s.Kind {
	case Kinetics:
		stems = []string{"{id}_{start}_{end}", "{id}"}
	case SSV2:
		endings = []string{".webm", ".mp4", ""}
	}
	var all []string
	for _, ending := range endings {
		for _, stem := range stems {
			for _, folder := range []string{"", "{label}/", "{split}/", "{split}/{label}/", "{class}/", "{split}/{class}/"} {
				all = append(all, folder+stem+ending)
			}
		}
	}
	return all
}

// fileName fills in a naming: {id}, {start} and {end} as seconds of six digits, {label}, {class} (the label with "_" for spaces), {split}.
func fileName(files string, e entry) string {
	name := make([]byte, 0, 64)
	for rest := files; rest != ""; {
		before, after, more := strings.Cut(rest, "{")
		name = append(name, before...)
		if !more {
			break
		}
		field, behind, closed := strings.Cut(after, "}")
		switch {
		case closed && field == "id":
			name = append(name, e.id...)
		case closed && field == "start":
			name = fmt.Appendf(name, "%06d", e.start)
		case closed && field == "end":
			name = fmt.Appendf(name, "%06d", e.end)
		case closed && field == "label":
			name = append(name, e.Label...)
		case closed && field == "class":
			name = append(name, strings.ReplaceAll(e.Label, " ", "_")...)
		case closed && field == "split":
			name = append(name, e.Split...)
		default: // a brace of the name itself
			name, behind = append(name, '{'), after
		}
		rest = behind
	}
	return string(name)
}

// Exists tells whether the file or folder of an item's path is there.
func Exists(path string) bool {
	if dir, _, pictures := video.CutPictures(path); pictures {
		path = dir
	}
	return exists(path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
