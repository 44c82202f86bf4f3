//go:build unix

package isolated

import (
	"os"
	"os/exec"
	"syscall"
)

// Supported tells whether decoders can be isolated on this system.
const Supported = true

// ownGroup keeps a Ctrl-C at the terminal from workers: it reaches our program alone, which decides.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup kills a worker and what it started.
func endGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) } // one that has ended needs none

// closeOnExec keeps an inherited file from programs that a worker starts, which may outlive it.
func closeOnExec(fd int) { syscall.CloseOnExec(fd) }
