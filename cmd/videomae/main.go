// Command videomae trains, looks into and checks masked autoencoders of video.
package main

import (
	"os"

	"videomae/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.System())) }
