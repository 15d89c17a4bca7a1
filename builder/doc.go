// Package builder turns a Spring Boot project into an image.
//
// It works in two steps. [Project.Compile] has the project's own build tool make
// the executable jar and says what is in it; [Imager.Image] makes an image of
// that jar, as the project's Dockerfile says, or, without one, layer by layer as
// Spring Boot itself sorts the jar: dependencies first, the application's classes
// last, so that an edit changes a few kilobytes. What Spring Boot's plugin packs, and
// how, is learned from a jar (packing.go); from then on the image is made of the same
// files as they lie on the disk, and no jar is needed until a build file changes.
//
//	project, err := builder.Open(ctx, dir, builder.Options{CacheDir: cache})
//	…
//	app, err := project.Compile(ctx, os.Stderr)
//	…
//	image, err := builder.NewImager(docker, builder.ImagerOptions{CacheDir: cache}).Image(ctx, app, os.Stderr)
//	…
//	fmt.Println(image.Ref) // spring-server:devloop-0f3c9a51b2de
//
// The build tool is always asked, never imitated: which task makes the jar, which
// module it belongs to, where sources and classes lie and what javac is told is Gradle's
// or Maven's answer, given by the way as a build runs (model.go). Nothing is
// written into the project except by the project's own build.
//
// Who builds at every save takes a [Compiler]: it keeps a Java compiler running, and
// leaves to the build what that can't do just the same.
//
// An [Image] carries its content as a go-containerregistry v1.Image, so that
// whoever brings it to a cluster can send single layers without asking the engine
// for the whole. Layers are kept, by digest and bounded in size, in the cache directory.
//
// Left to others: clusters (an image ends in the engine here), watching files,
// and how anything is shown. Tools' output goes to the writer that is passed in;
// what went wrong is in the error: [ProjectError], [CompileError] and
// [ImageError] have a stable Code, and Hints and Evidence where there are any.
package builder
