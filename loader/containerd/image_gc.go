package containerd

import "github.com/devloop-cli/devloop/internal/dockerapi"

// loadedLabel is when a node got an image, in nanoseconds of its clock since 1970.
const loadedLabel = "devloop-cli.github.io/loaded"

// gcScript removes a project's old images from a node: NAME PROJECT, where NAME was just loaded. The last two stay: a
// failed deploy may go back. Older ones go if they carry the project's label, have a name that devloop gives, and
// belong to no container, running or not; with them goes what no other image needs. The kubelet's image service gives
// an image a second name, its ID. If somebody gave it a third, only devloop's own name is removed.
//
// Only these images are listed, because containerd reads content to tell the sizes.
//
// It runs in the background. If a load relies on a layer removed meanwhile, its proof fails, and all is sent.
const gcScript = `
collect() {
  ctr images label "$1" "` + dockerapi.ProjectLabel + `=$2" "` + loadedLabel + `=$(date +%s%N)" || return
  used=" $(ctr containers ls | awk '{ printf "%s ", $2 }')"
  set -- $(old "$2" | while read -r _ name digest; do
    aliases "$name" "$digest"
  done)
  [ $# = 0 ] || ctr images rm --sync "$@"
}
old() {
  ctr images ls "labels.\"` + dockerapi.ProjectLabel + `\"==\"$1\"" | awk -v loaded="` + loadedLabel + `=" '
    $1 ~ /:devloop-[^:@]*$/ {
      for (n = split($NF, labels, ","); n > 0; n--)
        if (index(labels[n], loaded) == 1) print substr(labels[n], length(loaded) + 1), $1, $3
    }' | sort -rn | sed 1,2d
}
aliases() {
  ids='' foreign=''
  for alias in $(ctr images ls -q "target.digest==$2"); do
    case $used in *" $alias "*) return ;; esac
    case $alias in
    "$1") ;;
    sha256:*) ids="$ids $alias" ;;
    *) foreign=1 ;;
    esac
  done
  [ -z "$foreign" ] || ids=
  echo "$1" $ids
}
`
