# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_mcpoke_global_optspecs
    string join \n s/server= H/header= bearer= no-save no-renew answer= answers= root= sampling-command= timeout= connect-timeout= first-byte-timeout= silence-timeout= max-size= proxy= cacert= cert= key= k/insecure protocol-version= capabilities= no-session no-initialized session-id= v/trace trace-file= json query= q/quiet progress= log-level= color= show-secrets h/help V/version
end

function __fish_mcpoke_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_mcpoke_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_mcpoke_using_subcommand
    set -l cmd (__fish_mcpoke_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c mcpoke -n "__fish_mcpoke_needs_command" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -s V -l version -d 'Print version'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "init" -d 'Do the handshake with a server and remember it'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "list-tools" -d 'List the server\'s tools, over all pages'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "call" -d 'Call a tool'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "list-resources" -d 'List the server\'s resources, over all pages'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "list-resource-templates" -d 'List the templates of the server\'s resources, over all pages'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "read-resource" -d 'Read a resource'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "list-prompts" -d 'List the server\'s prompts, over all pages'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "get-prompt" -d 'Fill in a prompt'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "complete" -d 'Ask what may stand for an argument of a prompt or of a resource template'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "trace" -d 'Find out why a thin client fails: the bare call, the handshake, and the call again'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "explain" -d 'Explain a rule of the diagnosis in full'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "ping" -d 'Ask whether the server is there, and how long it takes'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "listen" -d 'Listen to what the server tells by itself, until Ctrl-C'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "set-log-level" -d 'Ask a server with sessions for its log messages from a level on'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "request" -d 'Send any request or notification'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "sessions" -d 'List what is remembered'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "use" -d 'Make a remembered server the current one'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "close" -d 'End the session with DELETE and forget the server'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "demo" -d 'Run the built-in server, to try things on'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c mcpoke -n "__fish_mcpoke_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l name -d 'The name to remember it by, instead of the one it gives itself' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l schema -d 'Print the input schema of this tool, as JSON' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l filter -d 'Only those whose name, address or description contains this, in whichever case' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l limit -d 'At most so many' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l all -d 'Show tools whose definitions are invalid as well, marked'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l names -d 'Print what they are called by alone, one a line'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-tools" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l args -d 'All arguments as one JSON object, or @FILE, or - for standard input' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s o -l output -d 'Write the result to a file: the bytes of an image or a sound, or else the text; - is stdout' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l save-dir -d 'Save every image, sound and binary resource of the result in this folder' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l each -d 'Call once for each line of this file (- is standard input), a JSON object of arguments each; print a line of JSON for each call' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l jobs -d 'With --each, so many calls at a time' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l raw-strings -d 'Take every key=value as text, whatever the schema says'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l no-validate -d 'Send the arguments without checking them against the schema'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l unordered -d 'With --each, print results as they come, and not in the order of the lines'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l fail-early -d 'With --each, begin no other call after one has failed'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand call" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l filter -d 'Only those whose name, address or description contains this, in whichever case' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l limit -d 'At most so many' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l names -d 'Print what they are called by alone, one a line'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resources" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l filter -d 'Only those whose name, address or description contains this, in whichever case' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l limit -d 'At most so many' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l names -d 'Print what they are called by alone, one a line'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-resource-templates" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s o -l output -d 'Write it to this file; - is standard output' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand read-resource" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l filter -d 'Only those whose name, address or description contains this, in whichever case' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l limit -d 'At most so many' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l names -d 'Print what they are called by alone, one a line'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand list-prompts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand get-prompt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand complete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l tool -d 'Call this tool, instead of listing the tools (or, of `demo`, calling its echo)' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l recipe -d 'Print a complete client for this server, without an SDK, instead of the trace' -r -f -a "curl\t'A POSIX shell script with curl'
python\t'Python, its standard library alone'
javascript\t'JavaScript with fetch (Node.js 18 or newer, Deno, Bun)'
rust\t'Rust, with ureq and serde_json'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l html -d 'Write the trace as a page of its own: ladder, exchanges, findings, recipes' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l read -d 'Diagnose what was recorded in a file: HAR (of a browser\'s tools, too) or JSON lines' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l listen -d 'Listen here, pass every request on to the target, and diagnose the client that makes them' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l passive -d 'Send only what a client might: the bare request, both eras, the handshake; no experiments'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l anyone -d 'Let --listen take connections from other machines as well'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l ascii -d 'Draw the ladder with ASCII letters alone'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand trace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l for -d 'Stop after this many seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l count -d 'Stop after so many events' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand set-log-level" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l raw -d 'Print the whole JSON-RPC message, errors too, and not the result alone'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand request" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand sessions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l all -d 'End and forget all of them'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l forget -d 'Forget without telling the server'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand close" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l port -d 'The port to listen on, on 127.0.0.1; 0 takes a free one' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l era -d 'The eras to speak: with a handshake (legacy), without one (modern), or both' -r -f -a "legacy\t'Revisions up to 2025-11-25'
modern\t'Revision 2026-07-28'
dual\t'Whichever the client speaks'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l replies -d 'How to reply: as an event stream or as a JSON document' -r -f -a "sse\t'An event stream'
json\t'A JSON document'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l for -d 'Stop after this many seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l lose-after -d 'Lose each session after so many calls in it' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l lose-every -d 'Lose each session so many seconds after it was opened' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l lost-as -d 'How a lost session shows, in the ways of real servers' -r -f -a "404\t'404 with a JSON-RPC error, as the specification has it'
400\t'400 with a JSON-RPC error'
text\t'404 with plain text'
401\t'401 without a challenge'
410\t'410 with plain text'
422\t'422 with plain text'
503\t'503 with JSON that is no JSON-RPC'
error\t'A JSON-RPC error with status 200'
empty\t'An event stream that ends at once'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l fault -d 'What goes wrong with the answer to every call' -r -f -a "slow\t'They take three seconds more'
cut\t'They end in the middle'
reset\t'The connection is reset in the middle'
drip\t'They come byte by byte'
huge\t'They are 64 MiB long'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l stateless -d 'Keep no sessions in the legacy era'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -s s -l server -d 'A URL, a remembered name, or `demo`; without it, the current server: the one initialised or chosen last [env: MCPOKE_SERVER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -s H -l header -d 'Send a header; ${VAR} is expanded when sent, and remembered unexpanded' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l bearer -d 'Send a bearer token: itself, or ${VAR}, env:VAR, file:PATH [env: MCPOKE_BEARER]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l answer -d 'Answer a form of the server\'s: a field\'s value, as often as there are fields; key:=JSON for any type' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l answers -d 'Answer forms of the server\'s from this JSON file; what it leaves open takes the form\'s defaults' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l root -d 'Tell a server that asks that this folder is what it should work on' -r -f -a "(__fish_complete_directories)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l sampling-command -d 'Give a server that asks for a language model\'s turn what this command makes of its request: JSON on standard input, the text (or a whole CreateMessageResult) on standard output' -r -f -a "(__fish_complete_command)"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l timeout -d 'Longest time for one exchange, in seconds; 0 is without limit' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l connect-timeout -d 'Longest time until connected, in seconds' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l first-byte-timeout -d 'Longest time until the answer begins, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l silence-timeout -d 'Longest time without a single byte, in seconds [default: that of --timeout]' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l max-size -d 'Largest message to accept, in bytes; K, M and G are understood' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l proxy -d 'Go through this proxy: http://, https:// or socks5://; an empty one means none' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l cacert -d 'Trust the certificate authorities in this PEM file, instead of the system\'s' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l cert -d 'Show this client certificate (PEM)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l key -d 'The key of the client certificate (PEM), if it is not in the same file' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l protocol-version -d 'Speak this protocol version, such as 2025-11-25 or 2026-07-28; auto finds out what the server speaks' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l capabilities -d 'Declare these client capabilities; servers show different tools to different clients' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l session-id -d 'Send this session id, without a handshake' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l trace-file -d 'Write every exchange to a file, as JSON lines (.jsonl) or as HTTP Archive (.har)' -r -F
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l query -d 'Print only the value at this JSON Pointer of what --json would print; a text without quotes' -r
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l progress -d 'How to show what the server tells while a request runs, on stderr' -r -f -a "auto\t'On a terminal a bar or a spinner, and log messages above it; else nothing'
plain\t'A line for each'
json\t'A JSON object for each: the notification\'s method and params'
none\t'Nothing'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l log-level -d 'Ask the server for its log messages from this level on' -r -f -a "debug\t''
info\t''
notice\t''
warning\t''
error\t''
critical\t''
alert\t''
emergency\t''"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l no-save -d 'Neither read nor write what is remembered; end the session afterwards'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l no-renew -d 'Fail instead of opening a new session when the server has lost the old one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -s k -l insecure -d 'Believe any server certificate'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l no-session -d 'Send the request bare, without handshake and session, as a thin client would'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l no-initialized -d 'Leave out notifications/initialized after initialize'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -s v -l trace -d 'Show every exchange on stderr as it happens, secrets redacted'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l json -d 'Print what the server sent, as JSON; failures too, on the last line of stderr'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -s q -l quiet -d 'Print no notes on stderr, only results and failures'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -l show-secrets -d 'Show secrets in traces and messages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "init" -d 'Do the handshake with a server and remember it'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "list-tools" -d 'List the server\'s tools, over all pages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "call" -d 'Call a tool'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "list-resources" -d 'List the server\'s resources, over all pages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "list-resource-templates" -d 'List the templates of the server\'s resources, over all pages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "read-resource" -d 'Read a resource'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "list-prompts" -d 'List the server\'s prompts, over all pages'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "get-prompt" -d 'Fill in a prompt'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "complete" -d 'Ask what may stand for an argument of a prompt or of a resource template'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "trace" -d 'Find out why a thin client fails: the bare call, the handshake, and the call again'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "explain" -d 'Explain a rule of the diagnosis in full'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "ping" -d 'Ask whether the server is there, and how long it takes'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "listen" -d 'Listen to what the server tells by itself, until Ctrl-C'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "set-log-level" -d 'Ask a server with sessions for its log messages from a level on'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "request" -d 'Send any request or notification'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "sessions" -d 'List what is remembered'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "use" -d 'Make a remembered server the current one'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "close" -d 'End the session with DELETE and forget the server'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "demo" -d 'Run the built-in server, to try things on'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "completions" -d 'Print the completions for a shell'
complete -c mcpoke -n "__fish_mcpoke_using_subcommand help; and not __fish_seen_subcommand_from init list-tools call list-resources list-resource-templates read-resource list-prompts get-prompt complete trace explain ping listen set-log-level request sessions use close demo completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
