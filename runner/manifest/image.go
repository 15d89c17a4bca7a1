package manifest

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// ProjectImages returns the images of the manifest that are a project's: those with the name that the
// user gives, or with the project's if it is "", see [Manifest.ImagesNamed]. If there are none and
// exactly one image can't be pulled from any registry, that one is the project's: guessed says so.
func (m Manifest) ProjectImages(called, project string) (images []string, guessed bool) {
	images = m.ImagesNamed(cmp.Or(called, project))
	if len(images) > 0 || called != "" {
		return images, false
	}
	local := slices.DeleteFunc(m.Images(), func(image string) bool { return !isLocal(image) })
	runs := func(c Container) bool { return !c.Init && c.Image == local[0] }
	if len(local) != 1 || !slices.ContainsFunc(m.Containers(), runs) {
		return nil, false
	}
	return local, true
}

// ImagesNamed returns the images of the manifest that a project's name, or a longer one, stands for:
// alone it means those of any registry, path and tag, as in ghcr.io/team/NAME:1.2; with a path, those
// of that path; with a tag, those with it.
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

// localName matches an image that is named without registry and without path. Only Docker's
// official images can be pulled by such a name.
var localName = regexp.MustCompile(`^[a-z0-9._-]+(:[\w.-]+)?$`)

// isLocal says whether an image must have been built on this machine: no registry has one of
// that name.
func isLocal(image string) bool {
	ref, err := name.ParseReference(image)
	return err == nil && localName.MatchString(image) && !slices.Contains(officialImages, strings.TrimPrefix(ref.Context().RepositoryStr(), "library/"))
}

// officialImages are Docker's, by name, with those that it had once
// (https://github.com/docker-library/official-images/tree/master/library).
var officialImages = []string{
	"adminer", "aerospike", "almalinux", "alpine", "alt", "amazoncorretto", "amazonlinux", "api-firewall", "arangodb", "archlinux",
	"backdrop", "bash", "bonita", "buildpack-deps", "busybox", "caddy", "cassandra", "centos", "chronograf", "cirros", "clearlinux",
	"clefos", "clickhouse", "clojure", "composer", "consul", "convertigo", "couchbase", "couchdb", "crate", "dart", "debian", "docker",
	"drupal", "eclipse-mosquitto", "eclipse-temurin", "eggdrop", "elasticsearch", "elixir", "emqx", "erlang", "euleros", "express-gateway",
	"fedora", "flink", "fluentd", "friendica", "gazebo", "gcc", "geonetwork", "ghost", "golang", "gradle", "groovy", "haproxy", "haskell",
	"haxe", "hello-world", "hitch", "httpd", "hylang", "ibm-semeru-runtimes", "ibmjava", "influxdb", "irssi", "java", "jenkins", "jetty",
	"jobber", "joomla", "jruby", "julia", "kaazing-gateway", "kapacitor", "kibana", "known", "kong", "krakend", "lightstreamer", "liquibase",
	"logstash", "mageia", "mariadb", "matomo", "maven", "mediawiki", "memcached", "mongo", "mongo-express", "monica", "mono", "mysql",
	"nats", "nats-streaming", "neo4j", "neurodebian", "nextcloud", "nginx", "node", "notary", "nuxeo", "odoo", "open-liberty", "openjdk",
	"opensuse", "oraclelinux", "orientdb", "owncloud", "percona", "perl", "photon", "php", "php-zendserver", "phpmyadmin", "piwik", "plone",
	"postfixadmin", "postgres", "pypy", "python", "r-base", "rabbitmq", "rails", "rakudo-star", "rapidoid", "redis", "redmine", "registry",
	"rethinkdb", "rocket.chat", "rockylinux", "ros", "ruby", "rust", "sapmachine", "satosa", "scratch", "silverpeas", "sl", "solr",
	"sonarqube", "sourcemage", "spark", "spiped", "storm", "swarm", "swift", "swipl", "teamspeak", "telegraf", "thrift", "tomcat", "tomee",
	"traefik", "ubuntu", "ubuntu-debootstrap", "unit", "valkey", "varnish", "vault", "websphere-liberty", "websphere-traditional", "wordpress",
	"xwiki", "yourls", "znc", "zookeeper",
}
