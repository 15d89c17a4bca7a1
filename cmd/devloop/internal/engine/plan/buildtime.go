package plan

import (
	"bytes"
	"slices"
	"strings"
)

// buildTimes are the files in which builds record when and where they ran, with the keys for that: those of
// Spring Boot's build-info goal and task, and of the git-commit-id plugin for Maven and the
// git-properties plugin for Gradle. The first save after a commit makes the working tree dirty.
var buildTimes = map[string][]string{
	"META-INF/build-info.properties": {"build.time"},
	"git.properties": {"git.build.time", "git.build.host", "git.dirty", "git.commit.id.describe",
		"git.commit.id.describe-short"},
}

// dropBuildTimes removes files from a change that differ only in the time of the build. Because of
// them every build would be a restart.
func dropBuildTimes(files map[string][]byte, before State) {
	for path, keys := range buildTimes {
		was, now := before.files[path], files[path]
		if was != nil && now != nil && bytes.Equal(withoutKeys(was, keys), withoutKeys(now, keys)) {
			delete(files, path)
		}
	}
}

// withoutKeys removes the lines with these keys from a properties file, and the comments: Java
// writes one with the time.
func withoutKeys(text []byte, keys []string) []byte {
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		key, _, _ := strings.Cut(line, "=")
		return strings.HasPrefix(line, "#") || slices.Contains(keys, strings.TrimSpace(key))
	})
	return []byte(strings.Join(lines, "\n"))
}
