package setup

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/internal/lists"
)

// limit is a limit of inotify(7) for all programs of a user together: the IDE, devloop, and as root the nodes.
type limit struct {
	name string
	// Below least, a project and a cluster may not work; wanted is what we set
	// (https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files).
	least, wanted int
}

var limits = []limit{
	{"fs.inotify.max_user_watches", 65536, 524288},
	{"fs.inotify.max_user_instances", 128, 512},
}

// Inotify checks that programs may watch enough files. As root it raises the limits, now and for the next boot.
func Inotify() Step { return inotify("/proc/sys", "/etc/sysctl.d/60-devloop.conf") }

func inotify(proc, conf string) Step {
	return Step{ID: "inotify",
		Check: func(context.Context) (string, error) { return checkLimits(proc) },
		Fix: func(error) *Fix {
			if os.Geteuid() != 0 {
				return nil
			}
			return &Fix{fmt.Sprintf("set %s", strings.Join(assignments(low(proc)), " and ")),
				func(context.Context) error { return raise(proc, conf) }}
		}}
}

func checkLimits(proc string) (string, error) {
	if runtime.GOOS != "linux" {
		return "", &NotApplicable{runtime.GOOS + " has no inotify limits"}
	}
	words := lists.Map(limits, func(l limit) string { return fmt.Sprintf("%s=%d", l.name, l.value(proc)) })
	if few := low(proc); len(few) > 0 {
		set := strings.Join(assignments(few), " ")
		return "", newProblem("machine.inotify", []string{
			"raise them until the next boot: sudo sysctl " + set,
			"and permanently: printf '%s\\n' " + set + " | sudo tee /etc/sysctl.d/60-devloop.conf",
		}, "%s is too low for a project and a cluster", strings.Join(words, ", "))
	}
	return strings.Join(words, ", "), nil
}

// value reads the limit, 0 if it cannot be read.
func (l limit) value(proc string) int {
	text, _ := os.ReadFile(l.path(proc))
	value, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return value
}

func (l limit) path(proc string) string {
	return proc + "/" + strings.ReplaceAll(l.name, ".", "/")
}

func low(proc string) []limit {
	return slices.DeleteFunc(slices.Clone(limits), func(l limit) bool { return l.value(proc) >= l.least })
}

func assignments(list []limit) []string {
	return lists.Map(list, func(l limit) string { return fmt.Sprintf("%s=%d", l.name, l.wanted) })
}

func raise(proc, conf string) error {
	few := low(proc)
	for _, l := range few {
		if err := os.WriteFile(l.path(proc), []byte(strconv.Itoa(l.wanted)), 0o644); err != nil {
			return fmt.Errorf("raise %s: %w", l.name, err)
		}
	}
	text := "# written by devloop setup\n" + strings.Join(assignments(few), "\n") + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return fmt.Errorf("raise the limits for the next boot: %w", err)
	}
	return nil
}
