package runner

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// ProjectImages returns the images of the manifest that stand for a project's. called is what the
// user says that they are called, see [Manifest.ImagesCalled]; "" for the project's name. If no
// image has the project's name and exactly one can't be pulled from any registry, that one
// is the project's: guessed says so.
func (m Manifest) ProjectImages(called, project string) (images []string, guessed bool) {
	images = m.ImagesCalled(cmp.Or(called, project))
	if len(images) > 0 || called != "" {
		return images, false
	}
	unexplained := slices.DeleteFunc(m.Images(), func(image string) bool { return !isLocal(image) })
	if len(unexplained) != 1 || !m.runs(unexplained[0]) {
		return nil, false
	}
	return unexplained, true
}

// runs says whether a container runs the image, and not only an init container.
func (m Manifest) runs(image string) bool {
	return slices.ContainsFunc(m.entries, func(e entry) bool {
		return slices.ContainsFunc(containersIn(e.content, "containers"), func(c container) bool { return c.image() == image })
	})
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
