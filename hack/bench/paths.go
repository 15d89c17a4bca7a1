package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// save is a kind of edit of a sample without a Dockerfile: it replaces what matches, so that the page
// contains the new text.
type save struct {
	name, file, page string
	where            *regexp.Regexp
	replace          string // TEXT stands for the new text, ROUND for the number of the edit
}

// saves are the edits of samples/clinic.
var saves = []save{
	{"body", "clinic-web/src/main/java/com/example/clinic/web/Greeting.java", "/", regexp.MustCompile(`return salutation\(\) \+ "[^"]*"`), `return salutation() + "! TEXT "`},
	{"method added", "clinic-web/src/main/java/com/example/clinic/web/Greeting.java", "/",
		regexp.MustCompile(`return salutation\(\) \+ "[^"]*"((?s).*?)\n(\tvoid benched\d+\(\) \{\n\t\}\n\n)?\}\s*\z`),
		"return salutation() + \"! TEXT \"$1\n\tvoid benchedROUND() {\n\t}\n\n}\n"},
	{"body, other module", "clinic-core/src/main/java/com/example/clinic/model/Person.java", "/patients", regexp.MustCompile(`return this.firstName \+ "[^"]*"`), `return this.firstName + " TEXT "`},
	{"template", "clinic-web/src/main/resources/templates/home.html", "/", regexp.MustCompile(`<main>(<p>[^<]*</p>)?`), "<main><p>TEXT</p>"},
	{"property", "clinic-web/src/main/resources/application.properties", "/", regexp.MustCompile(`(?m)^clinic\.motto=.*$`), "clinic.motto=TEXT"},
	{"message", "clinic-web/src/main/resources/messages.properties", "/", regexp.MustCompile(`(?m)^today=.*$`), "today=TEXT"},
}

// saved is what one edit took.
type saved struct {
	path string
	took time.Duration
}

// paths makes each edit of a sample n times in one session of devloop run, and prints which path it
// took and how long, from the save to the answer.
func (b *bench) paths(ctx context.Context, sample string, n int) error {
	w := way{name: "devloop run", namespace: "bench-paths"}
	dir, end, err := b.prepare(ctx, w, sample)
	if err != nil {
		return err
	}
	defer end()
	began := time.Now()
	opened, err := b.byRun(ctx, w, dir)
	if err != nil {
		return err
	}
	defer func() { _ = opened.close() }()
	fmt.Printf("%s: the first deploy took %s\n", sample, seconds(time.Since(began)))
	session := opened.(*run)
	results := make([][]saved, len(saves))
	for round := range warmUp + n {
		for i, s := range saves {
			time.Sleep(b.pause)
			one, err := session.save(ctx, s, dir, round)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", s.name, round, err)
			}
			fmt.Fprintf(os.Stderr, "round %d, %s: %s %s\n", round, s.name, one.path, seconds(one.took))
			if round >= warmUp {
				results[i] = append(results[i], one)
			}
		}
	}
	return reportPaths(results)
}

// save makes an edit and waits until it arrives.
func (r *run) save(ctx context.Context, s save, dir string, round int) (saved, error) {
	want := fmt.Sprintf("%s %d of %d", s.name, round, thisRun)
	text := strings.NewReplacer("TEXT", want, "ROUND", fmt.Sprint(round)).Replace(s.replace)
	path := filepath.Join(dir, s.file)
	source, err := os.ReadFile(path)
	if err != nil {
		return saved{}, err
	}
	if !s.where.Match(source) {
		return saved{}, fmt.Errorf("%s has no %s", path, s.where)
	}
	began := time.Now()
	if err := os.WriteFile(path, s.where.ReplaceAll(source, []byte(text)), 0o644); err != nil {
		return saved{}, err
	}
	if !answers(ctx, r.url+s.page, want, nil) {
		return saved{}, fmt.Errorf("%s%s never answered %q", r.url, s.page, want)
	}
	one := saved{took: time.Since(began)}
	for err == nil {
		if _, err = r.cycle(ctx); strings.Contains(r.because, filepath.Base(s.file)) {
			break
		}
	}
	one.path = r.path
	return one, err
}

// reportPaths prints a line for each kind of edit.
func reportPaths(results [][]saved) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "edit\tpath\tmedian\tfastest\tslowest")
	for i, s := range saves {
		var paths []string
		var took []time.Duration
		for _, one := range results[i] {
			took = append(took, one.took)
			if !slices.Contains(paths, one.path) {
				paths = append(paths, one.path)
			}
		}
		slices.Sort(took)
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", s.name, strings.Join(paths, ", "), seconds(took[len(took)/2]), seconds(took[0]), seconds(took[len(took)-1]))
	}
	return out.Flush()
}
