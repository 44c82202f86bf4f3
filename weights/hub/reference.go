package hub

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Prefix begins the names of models of the hub.
const Prefix = "hf:"

// usualRevision is that of a name without one.
const usualRevision = "main"

// Reference names a model of the hub.
type Reference struct {
	Repository string // OWNER/NAME
	Revision   string // a branch, a tag or a commit
}

// String is the name that Parse reads.
func (r Reference) String() string {
	if r.Revision == usualRevision {
		return Prefix + r.Repository
	}
	return Prefix + r.Repository + "@" + r.Revision
}

// Is tells whether a text names a model of the hub.
func Is(text string) bool { return strings.HasPrefix(text, Prefix) }

var (
	partForm     = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$`)
	revisionForm = regexp.MustCompile(`^[^\s\\?#%*:~^\x00-\x1f]{1,250}$`)
	hashForm     = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
	commitForm   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// Parse reads hf:OWNER/NAME or hf:OWNER/NAME@REVISION.
func Parse(text string) (Reference, error) {
	rest, ok := strings.CutPrefix(text, Prefix)
	repository, rev, stated := strings.Cut(rest, "@")
	if !stated {
		rev = usualRevision
	}
	owner, name, two := strings.Cut(repository, "/")
	var err error
	switch {
	case !ok || !two:
		err = errors.New("it must read hf:OWNER/NAME or hf:OWNER/NAME@REVISION")
	case !goodPart(owner) || !goodPart(name):
		err = errors.New("owner and name have letters, digits, '-', '_' and '.', and neither '--' nor '..'")
	case !revisionForm.MatchString(rev) || !localName(rev):
		err = fmt.Errorf("%q is no branch, tag or commit", rev)
	}
	if err != nil {
		return Reference{}, fmt.Errorf("model of the hub %q: %w", text, err)
	}
	return Reference{repository, rev}, nil
}

func goodPart(s string) bool {
	return partForm.MatchString(s) && !strings.Contains(s, "--") && !strings.Contains(s, "..")
}

// localName tells whether a name with slashes stays in the folder that it is taken in.
func localName(name string) bool {
	return filepath.IsLocal(filepath.FromSlash(name)) && !strings.ContainsAny(name, "\\\x00") && name == strings.Trim(name, "/")
}

func isCommit(s string) bool { return commitForm.MatchString(s) }
func isHash(s string) bool   { return hashForm.MatchString(s) }
