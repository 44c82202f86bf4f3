//go:build unix

package isolated

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/video"
)

// beParent is a program with a worker that is idle and one in a call that never ends. It prints their process ids.
func beParent() {
	d, err := New(Options{Command: command("worker"), Workers: 2})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	w := <-d.idle
	v, err := d.acquire(ctx)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	d.idle <- w
	go func() {
		_, _ = d.Frames(ctx, video.Info{Path: "spin", Frames: 100, Width: 64, Height: 48}, indices, video.RGB) // does not return
	}()
	time.Sleep(100 * time.Millisecond)
	fmt.Println(w.process.Pid, v.process.Pid)
	select {}
}

func TestWorkersEndWithTheirProgram(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=parent")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pids [2]int
	if _, err := fmt.Sscan(line, &pids[0], &pids[1]); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	for _, pid := range pids {
		if !alive(pid) {
			t.Fatalf("worker %d does not run", pid)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
	for _, pid := range pids {
		for wait := 0; alive(pid); wait++ {
			if wait == 500 {
				t.Fatalf("worker %d outlives its program", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// alive tells whether a process runs; one that has ended and is not waited for does not.
func alive(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(stat), ") Z ") {
		return false
	}
	return syscall.Kill(pid, 0) == nil
}
