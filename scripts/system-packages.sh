#!/usr/bin/env bash
# Installs the programs of the system that this project runs and that this machine lacks, by apt-get.
#
#   scripts/system-packages.sh demo    what the program itself needs: ffmpeg and ffprobe, with libx264, and FFmpeg's libraries
#   scripts/system-packages.sh test    the same, which is all that its tests need
set -euo pipefail

missing() { # prints the packages that this machine lacks for purpose $1
    if ! command -v ffprobe >/dev/null || ! ffmpeg -hide_banner -encoders 2>/dev/null | grep ' libx264 ' >/dev/null; then
        echo ffmpeg
    fi
    command -v gcc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    for library in libavformat libavcodec libswscale libavutil; do
        pkg-config --exists "$library" 2>/dev/null || echo "$library-dev"
    done
}

declare -A why=(
    [ffmpeg]='reads videos, and writes them in H.264 with libx264'
    [gcc]="compiles the decoder on FFmpeg's libraries, and links the tests of Go's race detector"
    [libc6-dev]='the C library that goes with gcc'
    [pkg-config]='finds these libraries'
    [libavformat-dev]='opens video files in the program itself'
    [libavcodec-dev]='decodes their frames'
    [libswscale-dev]='converts them to pixels'
    [libavutil-dev]='what these three share'
)

packages=$(missing "$1" | xargs)
[ -n "$packages" ] || exit 0

echo 'This machine lacks:'
for package in $packages; do
    echo "  $package: ${why[$package]}"
done
if ! command -v apt-get >/dev/null; then
    echo 'There is no apt-get here. Install these with the package manager of this system, then try again.' >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
    as_root=(sudo)
    command -v sudo >/dev/null || { echo "Run as root: apt-get install $packages" >&2; exit 1; }
fi
echo "Installing them with apt-get."
"${as_root[@]}" apt-get update -qq
# shellcheck disable=SC2086 # a list of words
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages

left=$(missing "$1" | xargs)
if [ -n "$left" ]; then
    echo "Still not usable after the installation: $left. Is another one first on the PATH?" >&2
    exit 1
fi
