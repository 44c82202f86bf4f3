//go:build !unix

package isolated

import (
	"errors"
	"os"
	"os/exec"
)

// Supported tells whether decoders can be isolated on this system.
const Supported = false

var errSystem = errors.New("decoders can be isolated on Unix systems only")

func newMemory() (*memory, error)             { return nil, errSystem }
func mapFile(*os.File, int64) ([]byte, error) { return nil, errSystem }
func unmapFile([]byte) error                  { return errSystem }
func ownGroup(*exec.Cmd)                      {}
func endGroup(*os.Process)                    {}
func closeOnExec(int)                         {}
func limitMemory(int64) error                 { return errSystem }
func held() int64                             { return 0 }
