package loader

// ProjectLabel is in the configuration of the images that devloop built, with the
// project's name (builder.ProjectLabel). The nodes' images of that project carry it too:
// they are collected.
const ProjectLabel = "devloop-cli.github.io/project"

// loadedLabel says when a node got an image, in nanoseconds of its clock since 1970.
const loadedLabel = "devloop-cli.github.io/loaded"

// collection removes a project's old images from a node: NAME PROJECT, NAME being the one
// that was just loaded. The last two stay: the present one, and the one before it, to
// which a failed build may go back. Of the older ones go those that carry the project's
// label, are named as devloop names images, and belong to no container, running or not;
// and with them what no other image needs of their content, and their unpacked layers.
// An image has other names: the kubelet's image service adds its ID. Where somebody gave
// it one more, only devloop's own name goes.
//
// Only these images are listed: a list tells of sizes, and containerd reads for those.
//
// It works beside whatever comes next. Should a load have counted on a layer that goes, its
// proof fails, and everything is sent.
const collection = `
collect() {
  ctr images label "$1" "` + ProjectLabel + `=$2" "` + loadedLabel + `=$(date +%s%N)" || return
  used=" $(ctr containers ls | awk '{ printf "%s ", $2 }')"
  set -- $(old "$2" | while read -r _ name digest; do
    aliases "$name" "$digest"
  done)
  [ $# = 0 ] || ctr images rm --sync "$@"
}
old() {
  ctr images ls "labels.\"` + ProjectLabel + `\"==\"$1\"" | awk -v loaded="` + loadedLabel + `=" '
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
