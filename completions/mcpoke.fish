# fish completion for mcpoke: what is remembered of servers is completed too, without asking them.

function __mcpoke_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    $words[1] __complete fish -- $words "$current" 2>/dev/null
end

complete --command mcpoke --no-files --keep-order --arguments '(__mcpoke_complete)'
