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
// It works beside whatever comes next. Should a load have counted on a layer that goes, its
// proof fails, and everything is sent.
const collection = `
collect() {
  ctr images label "$1" "` + ProjectLabel + `=$2" "` + loadedLabel + `=$(date +%s%N)" || return
  set -- $({ ctr containers ls; echo; ctr images ls; } | awk -v project="` + ProjectLabel + `=$2" -v loaded="` + loadedLabel + `=" '
    !NF { images = 1; next }
    !images { used[$2] = 1; next }
    {
      all[$3] = all[$3] " " $1
      mine = time = 0
      for (n = split($NF, labels, ","); n > 0; n--) {
        if (labels[n] == project) mine = 1
        if (index(labels[n], loaded) == 1) time = substr(labels[n], length(loaded) + 1)
      }
      if (mine && time && $1 ~ /:devloop-[^:@]*$/) { when[$1] = time ""; digest[$1] = $3 }
    }
    END {
      for (name in when) {
        newer = busy = foreign = 0
        for (other in when) if (when[other] > when[name]) newer++
        names = ""
        for (n = split(all[digest[name]], alias, " "); n > 0; n--) {
          if (alias[n] in used) busy = 1
          if (alias[n] ~ /^sha256:/) names = names " " alias[n]; else if (alias[n] != name) foreign = 1
        }
        if (newer >= 2 && !busy) print name (foreign ? "" : names)
      }
    }')
  [ $# = 0 ] || ctr images rm --sync "$@"
}
`
