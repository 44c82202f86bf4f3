package ffmpeg

import (
	"os/exec"
	"syscall"
)

// ownGroup puts a program and what it starts into a process group of their own: the end of the context ends them all, and
// a Ctrl-C at the terminal reaches our program alone, which decides. Where our program is killed, the system ends ffmpeg as well.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
