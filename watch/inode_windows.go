package watch

import "io/fs"

// inodeOf returns 0: what [os.Lstat] returns on Windows has no number of the file.
func inodeOf(fs.FileInfo) uint64 { return 0 }
