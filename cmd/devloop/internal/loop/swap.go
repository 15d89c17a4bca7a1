package loop

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/classfile"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner"
)

// Where only bodies of methods have changed, and only requests call them, the running JVM
// takes them; and pages and styles are read anew for each request. The answers are those of a
// fresh start, and nothing has to start.

// swapTimeout bounds the conversation with a JVM, which takes a tenth of a second. One
// that has a debugger does not answer.
const swapTimeout = 3 * time.Second

// whyNoSwap says why a change needs a restart, as a clause, "" where the JVM can take it.
func whyNoSwap(before, after builder.Parts, files map[string][]byte) string {
	program, why := programOf(before)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if why != "" {
			return why
		}
		if slices.ContainsFunc(pages, func(dir string) bool { return strings.HasPrefix(path, dir) }) {
			why = whyNoPage(before, after, path)
		} else {
			why = whyNoSwapOf(program, path, before.Own[path], after.Own[path])
		}
	}
	return why
}

// pages are the directories from which Spring serves files as they are at the request:
// https://docs.spring.io/spring-boot/reference/web/servlet.html#web.servlet.spring-mvc.static-content
var pages = []string{"static/", "public/", "resources/", "META-INF/resources/"}

// whyNoPage says why a page that changed needs a restart, "" where the next request reads it.
// What an application sets up may keep them: a chain of resolvers, by settings or by code.
func whyNoPage(before, after builder.Parts, path string) string {
	_, was := before.Own[path]
	_, is := after.Own[path]
	if was != is && strings.HasSuffix(path, "/index.html") {
		return "a welcome page is looked for at start"
	}
	for name, text := range after.Own {
		settings := strings.HasPrefix(name, "application") && bytes.Contains(text, []byte("chain"))
		if settings || strings.HasSuffix(name, ".class") && bytes.Contains(text, []byte("resourceChain")) {
			return path + " may be kept, as " + name + " has a resource chain"
		}
	}
	return ""
}

func whyNoSwapOf(program *classfile.Program, path string, before, after []byte) string {
	name, isClass := strings.CutSuffix(path, ".class")
	name = strings.ReplaceAll(name, "/", ".")
	switch {
	case !isClass:
		return path + " is read at start"
	case before == nil:
		return name + " is new"
	case after == nil:
		return name + " is gone"
	}
	old, err := classfile.Parse(before)
	if err != nil {
		return err.Error()
	}
	now, err := classfile.Parse(after)
	if err != nil {
		return err.Error()
	}
	d := classfile.Compare(old, now)
	if d.Kind == classfile.Shape {
		return name + ": " + d.Why
	}
	for _, m := range d.Methods {
		if why := program.RanAtStart(m); why != "" {
			return fmt.Sprintf("%s.%s: %s", name, m.Name, why)
		}
	}
	return ""
}

// programOf reads all classes of an application.
func programOf(p builder.Parts) (program *classfile.Program, why string) {
	var classes []*classfile.Class
	for _, path := range slices.Sorted(maps.Keys(p.Own)) {
		if !strings.HasSuffix(path, ".class") {
			continue
		}
		c, err := classfile.Parse(p.Own[path])
		if err != nil {
			return nil, err.Error()
		}
		classes = append(classes, c)
	}
	return classfile.NewProgram(classes), ""
}

// swap gives the JVMs of the Pods that serve their changed methods. It says false where
// the application has to start again.
func (l *Loop) swap(ctx context.Context, n int, files map[string][]byte, now builder.Parts) (bool, error) {
	r := l.live.present
	if !r.swappable || !l.live.serves() {
		return false, nil
	}
	if why := whyNoSwap(r.now, now, files); why != "" {
		l.Bus.Publish(n, event.Progress{Line: "a restart: " + why})
		return false, nil
	}
	swapped, err := stage(ctx, l, n, event.Swap, func(ctx context.Context, s *step) (bool, error) {
		err := l.swapIn(ctx, r, files, now)
		s.note = fmt.Sprintf("%s to %s", summary(files), names(r.pods))
		if err != nil && !cancelled(err) {
			s.skip, s.note, err = true, fmt.Sprintf("a restart instead: %v", err), nil
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		// It is not known how far it came: what serves is what no image holds.
		l.live.present, l.live.serving = nil, v1.Hash{Algorithm: "state", Hex: stateOf(now)}
	}
	if !swapped || err != nil {
		return false, err
	}
	l.live.loaded, r.now = nil, now
	l.live.serving = v1.Hash{Algorithm: "state", Hex: stateOf(now)}
	_, err = stage(ctx, l, n, event.Forward, func(ctx context.Context, s *step) (none, error) { return none{}, l.forward(ctx, s, r.pods) })
	return true, err
}

// swapIn brings the files into the Pods, where a later start finds them, and their methods
// into the JVMs. What was begun is as good as done: the same files are brought again
// whatever comes next.
func (l *Loop) swapIn(ctx context.Context, r *present, files map[string][]byte, now builder.Parts) error {
	l.live.loaded = nil
	if _, err := l.change(ctx, r.pods, r.change(files, now)); err != nil {
		return err
	}
	classes := map[string][]byte{}
	for path, text := range files {
		if name, isClass := strings.CutSuffix(path, ".class"); isClass {
			classes[name] = text
		}
	}
	if len(classes) == 0 {
		return nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range r.pods {
		group.Go(func() error { return l.redefine(ctx, p, classes) })
	}
	return group.Wait()
}

// redefine has a Pod's JVM take other versions of classes.
func (l *Loop) redefine(ctx context.Context, p runner.Pod, classes map[string][]byte) error {
	asking, cancel := context.WithTimeout(ctx, swapTimeout)
	defer cancel()
	conn, err := l.Deployer.Dial(asking, p, builder.DebugPort)
	if err != nil {
		return err
	}
	vm, err := jdwp.Attach(conn)
	if err == nil {
		_, err = vm.Redefine(classes)
		_ = vm.Close() // the JVM has answered
	} else {
		_ = conn.Close()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
