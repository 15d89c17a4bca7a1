package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// services deploys b.applications small applications of one Maven build with one devloop run, and prints how long it
// takes until a save of one, of a library of two and of a library of all is answered by each that uses it, and what
// memory all takes. A save that reaches another service is an error.
func (b *bench) services(ctx context.Context, _ sample) error {
	s, names, err := shop(b.applications)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(s.dir) }()
	p, remove, err := b.prepare(ctx, way{name: "services"}, s)
	if err != nil {
		return err
	}
	defer remove()
	began := time.Now()
	r, err := b.start(ctx, p)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	if _, err := r.outcomeOf(ctx, nil, names); err != nil {
		return err
	}
	fmt.Printf("first deploy of %d services: %s\n\n| edit | path | n | median | p95 | slowest |\n|---|---|---|---|---|---|\n",
		b.applications, seconds(time.Since(began)))
	time.Sleep(10 * b.pause) // spares start one after the other
	results := make([][]outcome, len(s.edits))
	for round := range 1 + b.n {
		for i, e := range s.edits {
			result, err := r.everywhere(ctx, b, p, e, round, names[:users(e, names)])
			if err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
			if fmt.Fprintf(os.Stderr, "round %d, %s: %s %s %s\n", round, e.name, result.path, seconds(result.took),
				result.stages); round > 0 {
				results[i] = append(results[i], result)
			}
		}
	}
	for i, e := range s.edits {
		fmt.Printf("| %s | %s | %s |\n", e.name, results[i][0].path, figures(results[i]))
	}
	used, err := b.usage(ctx, &opened{place: p, session: r})
	fmt.Printf("\n| | processes | resident MB | its share of shared pages counted, MB |\n|---|---|---|---|\n")
	for i, name := range []string{"devloop", "its children", "supervisors", "applications and spares"} {
		fmt.Printf("| %s | %.0f | %.0f | %.0f |\n", name, used[i].processes, used[i].rss, used[i].pss)
	}
	return err
}

// everywhere makes an edit, and waits until each of the services that it concerns answers with it. They are asked in
// turns: ten browsers that reload every 10 ms would take more of two cores than the save.
func (r *run) everywhere(ctx context.Context, b *bench, p place, e edit, round int,
	concerned []string) (outcome, error) {
	time.Sleep(b.pause)
	began := time.Now()
	if err := e.make(p.dir, round); err != nil {
		return outcome{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived, ticks := make(chan error), ticks(ctx)
	for _, name := range concerned {
		go func() { arrived <- answersAt(ctx, ticks, r.urls[name]+e.page, e.text(round)) }()
	}
	for range concerned {
		if err := <-arrived; err != nil {
			return outcome{}, err
		}
	}
	took := time.Since(began)
	result, err := r.outcomeOf(ctx, []string{e.changes[0].file}, concerned)
	result.took = took
	return result, err
}

// users is how many services an edit concerns: the first, the first two or all.
func users(e edit, names []string) int {
	switch strings.Split(e.changes[0].file, "/")[0] {
	case "common":
		return len(names)
	case "pricing":
		return 2
	}
	return 1
}

const java = "/src/main/java/com/example/"

// shop returns a Maven build of services, of a library of all and one of the first two, and the services' names.
func shop(count int) (s sample, names []string, err error) {
	s.more = map[string]string{}
	s.dir, err = os.MkdirTemp("", "shop")
	head := "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n"
	module := func(name, build string, uses ...string) {
		for i, used := range uses {
			uses[i] = "    <dependency>" + used + "</dependency>\n"
		}
		s.more[name+"/pom.xml"] = head +
			"  <parent><groupId>com.example</groupId><artifactId>shop</artifactId><version>1</version></parent>\n" +
			"  <artifactId>" + name + "</artifactId>\n  <dependencies>\n" + strings.Join(uses, "") +
			"  </dependencies>\n" + build + "</project>\n"
	}
	own := func(name string) string {
		return "<groupId>com.example</groupId><artifactId>" + name + "</artifactId><version>1</version>"
	}
	library := func(name, class string) {
		module(name, "")
		s.more[name+java+name+"/"+class+".java"] = "package com.example." + name + ";\n\npublic class " + class +
			" {\n\n\tpublic String text() {\n\t\treturn \"none\";\n\t}\n\n}\n"
		for _, e := range methods(name+java+name+"/"+class+".java", "\t", "\tpublic String text() {\n\t\treturn ") {
			if e.name += " in " + name; !strings.HasPrefix(e.name, "private") {
				s.edits = append(s.edits, e)
			}
		}
	}
	for i := range count {
		name := fmt.Sprintf("service-%d", i+1)
		names = append(names, name)
		uses, says := []string{own("common")}, "\t\treturn \"none\" + new com.example.common.Greeting().text()"
		if i < 2 {
			uses, says = append(uses, own("pricing")), says+" + new com.example.pricing.Price().text()"
		}
		module(name, "  <build><plugins><plugin><groupId>org.springframework.boot</groupId>"+
			"<artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>\n",
			append(uses,
				"<groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-webmvc</artifactId>")...)
		s.more[name+java+"Application.java"] = application
		s.more[name+java+"AppController.java"] = strings.Replace(restController, "SAYS", says, 1)
	}
	s.edits = methods("service-1"+java+"AppController.java", "\t", homeHead)
	library("common", "Greeting")
	library("pricing", "Price")
	s.more["pom.xml"] = head +
		"  <parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>" +
		"<version>4.1.2</version><relativePath/></parent>\n  " + own("shop") +
		"\n  <packaging>pom</packaging>\n  <properties><java.version>17</java.version></properties>\n" +
		"  <modules><module>common</module><module>pricing</module><module>" +
		strings.Join(names, "</module><module>") + "</module></modules>\n</project>\n"
	return s, names, err
}

const application = `package com.example;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Application {

	public static void main(String[] args) {
		SpringApplication.run(Application.class, args);
	}

}
`

const homeHead = "\t@GetMapping(\"/\")\n\tpublic String home() {\n\t\treturn "

const restController = `package com.example;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
public class AppController {

	@GetMapping("/")
	public String home() {
SAYS;
	}

}
`
