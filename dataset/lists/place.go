package lists

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// How many rows, and how many folders, are tried to find where a list's files are.
const (
	triedRows    = 20
	triedFolders = 24
)

// place finds out where the files of a list are, and, for lists of ids, how they are named.
func (s *Source) place() {
	switch s.Kind {
	case Folders:
		s.Root, s.Found = s.Path, true
		return
	case Official, Pretrain: // paths are used as they are, or from the root
		return
	}
	var first []entry
	for _, p := range s.parts {
		for e, err := range p.rows {
			if len(first) == triedRows || err != nil && !IsRow(err) {
				break
			}
			if err == nil {
				if e.Split == "" {
					e.Split = p.split
				}
				first = append(first, e)
			}
		}
	}
	names := s.namings(first)
	for _, root := range s.roots() {
		for _, files := range names {
			for _, e := range first {
				name := e.Name
				if name == "" {
					name = fileName(files, e)
				}
				if exists(filepath.Join(root, name)) || filepath.IsAbs(name) && exists(name) {
					s.Root, s.Files, s.Found = root, files, true
					return
				}
			}
		}
	}
	s.Root, s.Files = s.roots()[0], names[0]
}

// roots are the folders where a list's files may be: the one given, or for our own form its own folder, or for the others any
// around it.
func (s *Source) roots() []string {
	if s.Root != "" {
		return []string{s.Root}
	}
	dir := s.Path
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	if s.Kind == CSV {
		return []string{dir}
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
func (s *Source) namings(first []entry) []string {
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
	return strings.NewReplacer("{id}", e.id, "{start}", fmt.Sprintf("%06d", e.start), "{end}", fmt.Sprintf("%06d", e.end),
		"{label}", e.Label, "{class}", strings.ReplaceAll(e.Label, " ", "_"), "{split}", e.Split).Replace(files)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
