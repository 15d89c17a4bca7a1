// Package watch turns changes of a project's files into settled batches.
//
//	w, err := watch.New(watch.Options{Root: dir, Outputs: []string{"build"}})
//	batches := make(chan watch.Batch)
//	go func() { done <- w.Run(ctx, batches) }()
//	for batch := range batches {
//		fmt.Println("because", batch, "changed")
//	}
//
// # From event to batch
//
// The operating system's events (fsnotify: inotify, kqueue, ReadDirectoryChangesW)
// are only hints where to look. An event marks its path; once no further one came
// for [Options.Quiet], every marked path is looked at and compared with what was
// there at the last look. Only what differs in content is a change. So `touch`, a
// save of the same bytes, a file that was changed back, and the temporary files of
// an atomic save start nothing, and no order of events can mislead the watcher.
//
// # What is never missed
//
// A directory is watched before it is read, so what appears in between is found by
// the one or the other. Where the kernel drops events (a full queue), the tree is
// watched anew and compared whole. Where it refuses to watch so many directories,
// [Options.Notice] is told with a [LimitError], and the watcher goes on by polling.
//
// # What never triggers
//
// Outputs of builds, where they stand beside a build file: a source package named
// "build" is a source package. The droppings of editors. What version control and
// IDEs keep for themselves. Symbolic links are not followed: a link changes when
// it points elsewhere, not when its target changes.
//
// What a change means is left to the caller: a [Batch] says of what [Kinds] its
// paths are, by their place and name alone, and nobody opens them for it.
package watch
