// Package labs has the labs for people who are new to Kubernetes, and reads them. A lab is a file
// of Markdown, so that it can be read as it is, with conventions for who walks through it:
//
//	```yaml pod.yaml            a file to write
//	```console                  commands to type behind "$ ", each with what it shows; … stands for
//	                            anything, and ^C for a command that runs until Ctrl+C
//	<!-- wait: pod web ready -->   what is true once the step is done, see [Condition]
//
// devloop learn walks a person through a lab, and a test does what the labs say.
package labs

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed *.md ko/*.md
var files embed.FS

// names are the files of the labs, in their order.
var names = []string{"1-nginx.md", "2-spring-boot.md", "3-three-pods.md"}

// Count is the number of labs.
var Count = len(names)

// Block is a part of a lab. One of its fields is set.
type Block struct {
	Text     string // Markdown to read
	File     *File
	Commands []Command
	Wait     *Condition
}

// File is a file that the lab has written.
type File struct{ Path, Content string }

// Command is a line to type.
type Command struct {
	Line  string
	Shows []string // lines of its output, in their order; … stands for anything
	Stays bool     // until Ctrl+C
}

// Condition is what a step brings about.
//
//	file PATH          there is a file
//	port NUMBER        something listens at the local port
//	pod NAME ready     the Pod is ready; gone: it is not there; else its status has that word
//	pods NUMBER        so many Pods of devloop are ready, and there are no others
type Condition struct {
	Kind string // file, port, pod or pods
	Name string // the path, the Pod's name or the number
	Want string // of a Pod
}

// Read returns lab number 1, 2 or 3 in a language, in English where it is not written in that one.
func Read(number int, language string) ([]Block, error) {
	if number < 1 || number > Count {
		return nil, fmt.Errorf("there is no lab %d", number)
	}
	name := names[number-1]
	text, err := files.ReadFile(path.Join(language, name))
	if errors.Is(err, fs.ErrNotExist) {
		text, err = files.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	return parse(string(text))
}

func parse(markdown string) (blocks []Block, err error) {
	var text []string
	flush := func() {
		if all := strings.TrimSpace(strings.Join(text, "\n")); all != "" {
			blocks = append(blocks, Block{Text: all})
		}
		text = nil
	}
	for lines := strings.Split(markdown, "\n"); len(lines) > 0; {
		b, used, err := first(lines)
		switch {
		case err != nil:
			return nil, err
		case b == nil:
			text = append(text, lines[:used]...)
		default:
			flush()
			blocks = append(blocks, *b)
		}
		lines = lines[used:]
	}
	flush()
	return blocks, nil
}

// first reads the first block of some lines, and returns how many of them it takes. It returns nil for
// lines that are only to be read.
func first(lines []string) (*Block, int, error) {
	if comment, is := strings.CutPrefix(lines[0], "<!-- wait: "); is {
		wait, err := condition(strings.TrimSuffix(comment, " -->"))
		return &Block{Wait: wait}, 1, err
	}
	info, fenced := strings.CutPrefix(lines[0], "```")
	if !fenced {
		return nil, 1, nil
	}
	end := 1
	for end < len(lines)-1 && lines[end] != "```" {
		end++
	}
	inside, used := lines[1:end], end+1
	if _, file, toWrite := strings.Cut(info, " "); toWrite {
		return &Block{File: &File{Path: file, Content: strings.Join(inside, "\n") + "\n"}}, used, nil
	}
	if info == "console" {
		return &Block{Commands: commands(inside)}, used, nil
	}
	return nil, used, nil
}

// commands reads a block of commands with their output.
func commands(lines []string) (list []Command) {
	for _, line := range lines {
		if typed, is := strings.CutPrefix(line, "$ "); is {
			list = append(list, Command{Line: typed})
		} else if len(list) > 0 {
			last := &list[len(list)-1]
			if line == "^C" {
				last.Stays = true
			} else {
				last.Shows = append(last.Shows, line)
			}
		}
	}
	return list
}

// condition reads the words behind "wait:".
func condition(text string) (*Condition, error) {
	words := append(strings.Fields(text), "", "")
	c := &Condition{Kind: words[0], Name: words[1], Want: words[2]}
	_, notNumber := strconv.Atoi(c.Name)
	switch {
	case c.Kind == "file" && c.Name != "", c.Kind == "pod" && c.Want != "":
	case (c.Kind == "port" || c.Kind == "pods") && notNumber == nil:
	default:
		return nil, fmt.Errorf("learn cannot wait for %q", text)
	}
	return c, nil
}
