// Package builder is the root of what turns a Spring Boot project into an image.
//
//	p, err := project.Open(ctx, dir, project.Options{CacheDir: cache})
//	…
//	app, err := p.Compile(ctx, os.Stderr)
//	…
//	img, err := image.New(docker, image.Options{CacheDir: cache}).Image(ctx, app, os.Stderr)
//	…
//	fmt.Println(img.Ref) // spring-server:devloop-0f3c9a51b2de
//
// It has no code of its own, only the tests that need the packages together. Begin with these four:
//
//	project    runs the project's own Gradle or Maven, and reads its model (modules, source directories,
//	           javac options), which is a side effect of a build
//	compiler   compiles at each save: keeps javac running, and runs the build for everything that it
//	           cannot compile to the same bytes
//	springboot the application that both return
//	image      makes its image as the project's Dockerfile says or, without one, in the layers of Spring
//	           Boot: dependencies first, the application's classes last, so that an edit changes a few
//	           kilobytes. An image is a go-containerregistry v1.Image: single layers can be sent to a
//	           cluster. Layers are in the cache directory, by digest and limited in size.
//
// Nothing is written into the project except by its own build. Tools' output goes to the writer that is passed in.
// Errors have a stable code, hints and evidence; see package fault.
package builder
