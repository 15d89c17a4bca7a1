# bash completion of devloop; made by: devloop completion bash
_devloop() {
  local IFS=$'\n'
  local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}" "${COMP_WORDS[COMP_CWORD]}")
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null | cut -f 1))
}
complete -o bashdefault -o default -F _devloop devloop
