//go:build !unix

package ffmpeg

import "os/exec"

// ownGroup leaves the program to exec.CommandContext, which ends it alone: there are no process groups here.
func ownGroup(*exec.Cmd) {}
