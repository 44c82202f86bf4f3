// Package libav decodes video files in this process, by the system's FFmpeg libraries (5.1 or later), through a layer of C that does
// a whole clip in one call. It takes cgo and the build tag libav; without them New says so.
//
// Only what is asked for is done. Reading begins at the last key frame that the wanted frames can be decoded from, frames that no
// other refers to are skipped unless wanted, and only wanted frames are converted, already scaled and cut. Frames are found by the
// order of their time stamps. Where those mislead, as in AVI files, and where anything is out of the ordinary, all frames are decoded
// from the start of the file and counted.
package libav
