# fish completion of devloop; made by: devloop completion fish
function __devloop_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c devloop -a '(__devloop_complete)'
