#compdef devloop
# zsh completion of devloop; made by: devloop completion zsh
_devloop() {
  local line
  local -a candidates
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  if (( $#candidates )); then _describe 'devloop' candidates; else _files; fi
}
compdef _devloop devloop
