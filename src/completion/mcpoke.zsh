#compdef mcpoke
# zsh completion for mcpoke: what is remembered of servers is completed too, without asking them.

_mcpoke() {
    local line
    local -a done done_shown open open_shown
    for line in "${(@f)$(${(Q)words[1]} __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        local value=${line%%$'\t'*} about=${line#*$'\t'}
        local shown=$value${about:+"  -- $about"}
        # A name that wants a value, or the beginning of an address, goes on.
        if [[ $value == *[=/:] ]]; then
            open+=("$value") open_shown+=("$shown")
        else
            done+=("$value") done_shown+=("$shown")
        fi
    done
    if (( ${#done} + ${#open} == 0 )); then
        _files
        return
    fi
    (( ${#done} )) && compadd -l -d done_shown -a done
    (( ${#open} )) && compadd -l -S '' -d open_shown -a open
}

if [[ $funcstack[1] == _mcpoke ]]; then
    _mcpoke "$@"
else
    compdef _mcpoke mcpoke
fi
