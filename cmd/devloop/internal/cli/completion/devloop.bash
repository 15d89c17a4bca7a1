# bash completion of devloop; made by: devloop completion bash
# bash splits words at ":" and "=", and replaces only what follows: --module :web and --keep=grace are one word here.
_devloop() {
  local IFS=$' \t\n' words line=${COMP_LINE:0:COMP_POINT} part=${COMP_WORDS[COMP_CWORD]} prefix
  read -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  [[ $part == *[!:=]* ]] || part=
  local word=${words[${#words[@]}-1]}
  [[ $word == *"$part" ]] && prefix=${word%"$part"}
  IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${words[@]:1}" 2>/dev/null | cut -f 1))
  COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
}
complete -o bashdefault -o default -F _devloop devloop
