//go:build !xla

package engine

import (
	"errors"

	"github.com/gomlx/compute"
)

func xlaOpener() opener {
	const how = "this binary was built without it; build with: make build TAGS=xla (needs cgo)"
	return opener{
		about:   "OpenXLA by a PJRT plugin",
		names:   []string{"xla:cpu", "xla:cuda"},
		open:    func(string) (compute.Backend, error) { return nil, errors.New(how) },
		missing: func(string) string { return how },
	}
}
