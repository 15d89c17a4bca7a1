package manifest

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// ProjectImages returns the images of the manifest that are a project's. names are the project's names: first
// its own, then others such as its directory's. If the user has called the image something, only
// images of that name count, see [Manifest.ImagesNamed]; else those with the project's own name.
//
// If there are none, ProjectImages guesses, and says so: an image with one of the other names, then one
// that shares a word with a name, then one that no registry has. It returns no image if two fit equally well.
func (m Manifest) ProjectImages(called string, names ...string) (images []string, guessed bool) {
	images = m.ImagesNamed(cmp.Or(called, names[0]))
	if len(images) > 0 || called != "" {
		return images, false
	}
	own := m.Candidates()
	for _, fits := range []func(string) bool{
		func(image string) bool {
			return slices.ContainsFunc(names,
				func(name string) bool { return strings.EqualFold(lastPart(image), name) })
		},
		func(image string) bool { return sharesWord(lastPart(image), names) },
		isLocal,
	} {
		found := slices.DeleteFunc(slices.Clone(own), func(image string) bool { return !fits(image) })
		if len(found) > 0 {
			if len(found) > 1 {
				return nil, false
			}
			return found, true
		}
	}
	return nil, false
}

// Candidates returns the images that may be a project's: containers run them, and they are no well-known service's.
func (m Manifest) Candidates() []string {
	return slices.DeleteFunc(m.Images(), func(image string) bool { return isService(image) || !m.runs(image) })
}

// runs reports whether a container runs an image. Init containers do not count.
func (m Manifest) runs(image string) bool {
	return slices.ContainsFunc(m.Containers(), func(c Container) bool { return !c.Init && c.Image == image })
}

// lastPart returns the last part of an image's path.
func lastPart(image string) string { return path.Base(Repository(image)) }

// commonWords are in the names of many projects, so they identify none.
var commonWords = []string{"api", "app", "application", "backend", "boot", "cloud", "demo", "docker", "example",
	"image", "java", "kubernetes", "main", "maven", "gradle", "project", "sample", "server", "service", "spring",
	"springboot", "starter", "test", "web", "webapp"}

// sharesWord reports whether an image's name and one of names share a word, as petclinic in springboot-petclinic.
func sharesWord(image string, names []string) bool {
	words := wordsOf(image)
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(wordsOf(name), func(word string) bool { return slices.Contains(words, word) })
	})
}

var betweenWords = regexp.MustCompile(`[^a-z]+`)

func wordsOf(name string) []string {
	return slices.DeleteFunc(betweenWords.Split(strings.ToLower(name), -1), func(word string) bool {
		return len(word) < 3 || slices.Contains(commonWords, word)
	})
}

// services are well-known images by the last part of their path, in addition to Docker's official ones.
var services = []string{"activemq", "apicurio-registry", "cp-kafka", "cp-zookeeper", "grafana", "hazelcast", "jaeger",
	"kafka", "kafka-ui", "keycloak", "localstack", "loki", "mailhog", "mailpit", "minio", "mongodb", "mssql-server",
	"opensearch", "pgadmin4", "postgresql", "prometheus", "pulsar", "redis-stack", "redpanda", "tempo",
	"wiremock", "zipkin"}

// isService reports whether an image is that of a well-known service. Without registry and path it has
// to be one of Docker's official images: a project may be called kafka, too.
func isService(image string) bool {
	ref, err := name.ParseReference(image)
	if err != nil {
		return false
	}
	last := lastPart(image)
	official := strings.TrimPrefix(ref.Context().RepositoryStr(), "library/") == last
	return official && slices.Contains(officialImages, last) ||
		!localName.MatchString(image) && slices.Contains(services, last)
}

// ImagesNamed returns the images of the manifest that a project's name, or a longer one, stands for: alone those of any
// registry, path and tag, as in ghcr.io/team/NAME:1.2; with a path, those of that path; with a tag, those with it.
func (m Manifest) ImagesNamed(wanted string) []string {
	return slices.DeleteFunc(m.Images(), func(image string) bool { return !isNamed(image, wanted) })
}

func isNamed(image, wanted string) bool {
	have, err := name.ParseReference(image)
	want, wrong := name.ParseReference(wanted)
	if err != nil || wrong != nil {
		return false
	}
	bare := Repository(wanted)
	switch {
	case bare != wanted && have.Identifier() != want.Identifier():
		return false
	case !strings.Contains(bare, "/"):
		return path.Base(have.Context().RepositoryStr()) == bare
	}
	return have.Context().Name() == want.Context().Name()
}

// Repository returns an image's name without tag and digest, as it is written.
func Repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexAny(image, ":/"); i >= 0 && image[i] == ':' {
		image = image[:i]
	}
	return image
}

// localName matches an image without registry and path. Only Docker's official images are pulled by such names.
var localName = regexp.MustCompile(`^[a-z0-9._-]+(:[\w.-]+)?$`)

// isLocal says whether an image must have been built on this machine: no registry has one of that name.
func isLocal(image string) bool {
	ref, err := name.ParseReference(image)
	return err == nil && localName.MatchString(image) && !slices.Contains(officialImages,
		strings.TrimPrefix(ref.Context().RepositoryStr(), "library/"))
}

// officialImages are Docker's, by name, with those that it had once
// (https://github.com/docker-library/official-images/tree/master/library).
var officialImages = []string{
	"adminer", "aerospike", "almalinux", "alpine", "alt", "amazoncorretto", "amazonlinux", "api-firewall", "arangodb",
	"archlinux", "backdrop", "bash", "bonita", "buildpack-deps", "busybox", "caddy", "cassandra", "centos",
	"chronograf", "cirros", "clearlinux", "clefos", "clickhouse", "clojure", "composer", "consul", "convertigo",
	"couchbase", "couchdb", "crate", "dart", "debian", "docker", "drupal", "eclipse-mosquitto", "eclipse-temurin",
	"eggdrop", "elasticsearch", "elixir", "emqx", "erlang", "euleros", "express-gateway", "fedora", "flink", "fluentd",
	"friendica", "gazebo", "gcc", "geonetwork", "ghost", "golang", "gradle", "groovy", "haproxy", "haskell", "haxe",
	"hello-world", "hitch", "httpd", "hylang", "ibm-semeru-runtimes", "ibmjava", "influxdb", "irssi", "java",
	"jenkins", "jetty", "jobber", "joomla", "jruby", "julia", "kaazing-gateway", "kapacitor", "kibana", "known", "kong",
	"krakend", "lightstreamer", "liquibase", "logstash", "mageia", "mariadb", "matomo", "maven", "mediawiki",
	"memcached", "mongo", "mongo-express", "monica", "mono", "mysql", "nats", "nats-streaming", "neo4j", "neurodebian",
	"nextcloud", "nginx", "node", "notary", "nuxeo", "odoo", "open-liberty", "openjdk", "opensuse", "oraclelinux",
	"orientdb", "owncloud", "percona", "perl", "photon", "php", "php-zendserver", "phpmyadmin", "piwik", "plone",
	"postfixadmin", "postgres", "pypy", "python", "r-base", "rabbitmq", "rails", "rakudo-star", "rapidoid", "redis",
	"redmine", "registry", "rethinkdb", "rocket.chat", "rockylinux", "ros", "ruby", "rust", "sapmachine", "satosa",
	"scratch", "silverpeas", "sl", "solr", "sonarqube", "sourcemage", "spark", "spiped", "storm", "swarm", "swift",
	"swipl", "teamspeak", "telegraf", "thrift", "tomcat", "tomee", "traefik", "ubuntu", "ubuntu-debootstrap", "unit",
	"valkey", "varnish", "vault", "websphere-liberty", "websphere-traditional", "wordpress", "xwiki", "yourls", "znc",
	"zookeeper",
}
