package cds

import (
	"testing"

	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/springboot"
)

const autoconfigure = "/app/lib/spring-boot-autoconfigure-4.1.2.jar"

func newStore(t *testing.T) *Store {
	t.Helper()
	dir := t.TempDir()
	return Open(dir, layercache.Open(dir))
}

func TestAnArchiveDependsOnJavaLibrariesAndOptions(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	keys := map[string]bool{}
	for _, training := range []*Training{
		s.Training("shop", nil, "java", []string{"a.jar", "b.jar"}, []string{"-XX:+UseSerialGC"}),
		s.Training("shop", nil, "java", []string{"b.jar", "a.jar"}, []string{"-XX:+UseSerialGC"}),
		s.Training("shop", nil, "java", []string{"a.jar", "b.jar"}, nil),
		s.Training("shop", nil, "/opt/java/bin/java", []string{"a.jar", "b.jar"}, nil),
		s.Training("shop", nil, "java", []string{"a.jar"}, []string{"b.jar", "-XX:+UseSerialGC"}),
	} {
		keys[training.Key] = true
	}
	if len(keys) != 5 {
		t.Errorf("got %d keys, want 5", len(keys))
	}
	if one, other := s.Training("shop", nil, "java", nil, nil),
		s.Training("clinic", nil, "java", nil, nil); one.Key != other.Key {
		t.Error("two projects with the same libraries have archives of their own")
	}
}

func TestAnArchiveThatIsRefusedIsMadeOnceMore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	training := s.Training("shop", nil, "java", []string{autoconfigure}, nil)
	files := &springboot.Files{}
	if got := training.Lookup(files); got.Used || !got.Wanted || got.Why != "not made yet" {
		t.Errorf("at first: %+v", got)
	}
	if again, err := s.Reject(training.Key, "another JVM"); !again || err != nil {
		t.Errorf("refused once: %v, %v", again, err)
	}
	if got := training.Lookup(files); !got.Wanted {
		t.Errorf("refused once: %+v", got)
	}
	if again, err := s.Reject(training.Key, "another JVM"); again || err != nil {
		t.Errorf("refused twice: %v, %v", again, err)
	}
	if got := training.Lookup(files); got.Wanted || got.Why != "the JVM refused it twice: another JVM" {
		t.Errorf("refused twice: %+v", got)
	}
}

func TestOnlySpringBootsDependenciesAreTrainedWith(t *testing.T) {
	t.Parallel()
	got := newStore(t).Training("shop", nil, "java", []string{"/app/lib/guava.jar"}, nil).Lookup(&springboot.Files{})
	if got.Wanted || got.Why == "" {
		t.Errorf("got %+v", got)
	}
}
