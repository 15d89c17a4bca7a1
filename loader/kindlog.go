package loader

import (
	"fmt"
	"strings"
	"unicode"

	"sigs.k8s.io/kind/pkg/log"
)

// progressLog is kind's logger: it hands on what kind begins to do, without the
// decoration that kind draws for a terminal.
type progressLog struct{ tell func(string) }

func (l progressLog) Warn(message string)              { l.tell(plain(message)) }
func (l progressLog) Warnf(format string, args ...any) { l.Warn(fmt.Sprintf(format, args...)) }

// Error is not told: kind returns the error too.
func (progressLog) Error(string)          {}
func (progressLog) Errorf(string, ...any) {}

func (l progressLog) V(level log.Level) log.InfoLogger { return progressInfo{l, level == 0} }

type progressInfo struct {
	log  progressLog
	tell bool
}

func (i progressInfo) Enabled() bool { return i.tell }

// Info hands on the steps, which begin with a bullet; their ends, with a tick, say
// nothing new.
func (i progressInfo) Info(message string) {
	if step, found := strings.CutPrefix(strings.TrimSpace(message), "•"); i.tell && found {
		i.log.tell(plain(step))
	}
}

func (i progressInfo) Infof(format string, args ...any) { i.Info(fmt.Sprintf(format, args...)) }

// plain drops pictures and dots, and begins in lower case: "ensuring node image (…)".
func plain(message string) string {
	message = strings.Map(func(r rune) rune {
		if r > unicode.MaxLatin1 {
			return -1
		}
		return r
	}, message)
	message = strings.TrimRight(strings.TrimSpace(message), ". ")
	if message == "" {
		return message
	}
	return strings.ToLower(message[:1]) + message[1:]
}
