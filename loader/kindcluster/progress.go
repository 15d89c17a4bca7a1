package kindcluster

import (
	"fmt"
	"strings"
	"unicode"

	"sigs.k8s.io/kind/pkg/log"
)

// progressLog is kind's logger. It reports the steps that kind begins, without the decoration for terminals.
type progressLog struct{ report func(string) }

func (l progressLog) Warn(message string)              { l.report(plainText(message)) }
func (l progressLog) Warnf(format string, args ...any) { l.Warn(fmt.Sprintf(format, args...)) }

// Error reports nothing: kind returns the error too.
func (progressLog) Error(string)          {}
func (progressLog) Errorf(string, ...any) {}

func (l progressLog) V(level log.Level) log.InfoLogger { return progressInfo{l, level == 0} }

type progressInfo struct {
	log     progressLog
	enabled bool
}

func (i progressInfo) Enabled() bool { return i.enabled }

// Info reports the steps, which begin with a bullet. Their ends, which begin with a tick, say nothing new.
func (i progressInfo) Info(message string) {
	if step, found := strings.CutPrefix(strings.TrimSpace(message), "•"); i.enabled && found {
		i.log.report(plainText(step))
	}
}

func (i progressInfo) Infof(format string, args ...any) { i.Info(fmt.Sprintf(format, args...)) }

// plainText drops emojis and dots, and begins in lower case: "ensuring node image (…)".
func plainText(message string) string {
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
