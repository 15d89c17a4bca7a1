// Package watch turns changes of a project's files into settled batches.
//
//	w, err := watch.New(watch.Options{Root: dir, Outputs: []string{"build"}})
//	batches := make(chan watch.Batch)
//	go func() { done <- w.Run(ctx, batches) }()
//	for batch := range batches {
//		fmt.Println(batch.Paths) // [src/main/java/com/x/App.java]
//	}
//
// # From event to batch
//
// The operating system's events (fsnotify: inotify, kqueue, ReadDirectoryChangesW) only say
// where to look. An event marks its path. After [Options.Quiet] without another event, each
// marked path is scanned and compared with the last scan. Only different content is a change.
// So `touch`, a save of the same bytes, a file that was changed back, and the temporary files
// of an atomic save trigger nothing, whatever the order of the events.
//
// # What is never missed
//
// A directory is watched before it is read, so that one of the two finds what appears in
// between. If the kernel drops events (a full queue), the whole tree is watched and scanned
// again. If it refuses to watch so many directories, [Options.Notice] gets a [LimitError], and
// the watcher polls from then on.
//
// # What never triggers
//
// Build outputs, if they are next to a build file: a source package named "build" is a source
// package. Temporary files of editors. The directories of version control and IDEs. Symbolic
// links are not followed: a link changes when it points elsewhere, not when its target changes.
//
// The package knows files, not projects: what a change means is up to the caller.
package watch
