// Package builder turns a Spring Boot project into an image.
//
//	project, err := builder.Open(ctx, dir, builder.Options{CacheDir: cache})
//	…
//	app, err := project.Compile(ctx, os.Stderr)
//	…
//	image, err := builder.NewImager(docker, builder.ImagerOptions{CacheDir: cache}).Image(ctx, app, os.Stderr)
//	…
//	fmt.Println(image.Ref) // spring-server:devloop-0f3c9a51b2de
//
// [Project.Compile] runs the project's own Gradle or Maven. [Imager.Image] makes an image as the
// project's Dockerfile says or, without one, in the layers of Spring Boot: dependencies first, the
// application's classes last, so that an edit changes a few kilobytes. For rebuilds at each save use
// [Compiler]: it keeps javac running, and runs the build for everything that it cannot compile to the
// same bytes.
//
// devloop does not reimplement the build tool. Gradle or Maven reports its model (modules, source
// directories, javac options) as a side effect of a build. Nothing is written into the project
// except by its own build.
//
// The content of an [Image] is a go-containerregistry v1.Image, so that single layers can be sent to
// a cluster. Layers are in the cache directory, by digest and limited in size.
//
// This package is a facade: the work is done in the packages below it. Clusters, watching files and
// showing anything are left to others. Tools' output goes to the writer that is passed in. Errors
// have a stable code, hints and evidence; see package fault.
package builder
