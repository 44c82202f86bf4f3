// Command decode races this project's video decoders against decord and PyAV on the same clips.
//
//	go run ./bench/decode -python python3 -decoders libav,ffmpeg -rounds 5 -out table.md clips/*.mp4
//
// Every round decodes the clips of one file with each contender in turn, a process each, all on one processor and with one thread, so
// that what slows the machine for a while slows all of them. Clips are those of `videomae bench decode`, which opens the file anew for
// each. What is not there is left out, and said so.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

// options are the flags.
type options struct {
	videomae, peer, python, decoders, pack, peers, cpu, out string
	rounds, clips                                           int
}

func main() {
	var o options
	flag.StringVar(&o.videomae, "videomae", "bin/videomae", "this project's program (make build)")
	flag.StringVar(&o.peer, "peer", "bench/peers/decode_peer.py", "the script of the peers")
	flag.StringVar(&o.python, "python", "python3", "Python that has decord and PyAV")
	flag.StringVar(&o.decoders, "decoders", "libav", "decoders of this project")
	flag.StringVar(&o.pack, "pack", "", "a pack of the videos, which takes part as a decoder (videomae pack)")
	flag.StringVar(&o.peers, "peers", "decord,pyav", "peers")
	flag.StringVar(&o.cpu, "cpu", "0", "processor that everything runs on, one thread each (empty: no matter which)")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each contender decodes the clips of each file")
	flag.IntVar(&o.clips, "clips", 12, "clips of each file")
	flag.StringVar(&o.out, "out", "", "Markdown file for the table")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, paths []string) error {
	if len(paths) == 0 || o.rounds < 1 || o.clips < 1 {
		return fmt.Errorf("name videos, and ask for at least one round of one clip")
	}
	dir, err := os.MkdirTemp("", "bench-decode-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list := o.contenders(ctx)
	var files []raced
	for _, path := range paths {
		f := raced{name: filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path))}
		for round := range o.rounds {
			speeds, err := race(ctx, o, list, path, filepath.Join(dir, "clips.json"))
			if err != nil {
				return err
			}
			f.rounds = append(f.rounds, speeds)
			fmt.Fprintf(os.Stderr, "%s round %d/%d: %s\n", f.name, round+1, o.rounds, speeds.text(list))
		}
		files = append(files, f)
	}
	report := table(list, files)
	fmt.Print(report)
	if o.out != "" {
		return os.WriteFile(o.out, []byte(report), 0o666)
	}
	return nil
}

// contender is a program that prints a measurement of decoding.
type contender struct {
	name  string
	flags []string // of this project's program; peers have none, and take what it has printed
}

func (c contender) ours() bool { return c.flags != nil }

// contenders are the decoders asked for, and the peers that this Python has.
func (o options) contenders(ctx context.Context) []contender {
	var list []contender
	for _, name := range split(o.decoders) {
		list = append(list, contender{name, []string{"--decoder", name}})
	}
	if o.pack != "" {
		list = append(list, contender{"pack", []string{"--pack", o.pack}})
	}
	for _, name := range split(o.peers) {
		module := map[string]string{"pyav": "av"}[name]
		if module == "" {
			module = name
		}
		if said, err := exec.CommandContext(ctx, o.python, "-c", "import "+module).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "left out: %s: %s: %v: %s\n", name, o.python, err, said)
			continue
		}
		list = append(list, contender{name: name})
	}
	return list
}

// measurement is what a contender prints.
type measurement struct {
	Frames, Stride, Size, Clips int
	Files                       []struct {
		Path      string
		Starts    []int
		PerSecond float64 `json:"clips_per_s"`
	}
}

// race has each contender decode the clips of a file once. The first of ours chooses them, and leaves them in the file clips.
func race(ctx context.Context, o options, list []contender, path, clips string) (speeds, error) {
	found := make(speeds, len(list))
	for i, c := range list {
		command := []string{o.python, o.peer, "--peer", c.name, "--like", clips}
		if c.ours() {
			command = append([]string{o.videomae, "bench", "decode", "--json", "--threads", "1", "--repeat", "1", "--clips", fmt.Sprint(o.clips), path}, c.flags...)
		}
		if o.cpu != "" {
			command = append([]string{"taskset", "-c", o.cpu}, command...)
		}
		text, err := output(ctx, command)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if err := os.WriteFile(clips, text, 0o666); err != nil {
				return nil, err
			}
		}
		if found[i], err = parse(text, path, o.clips); err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
		}
	}
	return found, nil
}

func output(ctx context.Context, command []string) ([]byte, error) {
	run := exec.CommandContext(ctx, command[0], command[1:]...)
	var complaints strings.Builder
	run.Stderr = &complaints
	text, err := run.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(complaints.String()))
	}
	return text, nil
}

// parse reads clips a second from what a contender printed, and checks that it did the work.
func parse(text []byte, path string, clips int) (float64, error) {
	var m measurement
	if err := json.Unmarshal(text, &m); err != nil || len(m.Files) != 1 || m.Files[0].PerSecond <= 0 {
		return 0, fmt.Errorf("printed no measurement of one file: %q", text)
	}
	if f := m.Files[0]; f.Path != path || len(f.Starts) != clips {
		return 0, fmt.Errorf("decoded %d clips of %s, asked for %d of %s", len(f.Starts), f.Path, clips, path)
	}
	return m.Files[0].PerSecond, nil
}

// split cuts a list with commas between its items.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
