//! The committed completions and manual pages match this version; candidates of shell
//! completion.

use serde_json::json;

use crate::support::{Sandbox, mcp};

#[test]
fn committed_completions_are_current() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let files = [
        ("bash", "mcpoke.bash"),
        ("zsh", "_mcpoke"),
        ("fish", "mcpoke.fish"),
        ("powershell", "_mcpoke.ps1"),
        ("elvish", "mcpoke.elv"),
    ];
    for (shell, file) in files {
        let script = Sandbox::new().run(&["completions", shell]).exits(0).stdout;
        let committed = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert!(
            committed == script,
            "completions/{file} is old; write it with: mcpoke completions {shell}"
        );
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files.len());
}

#[test]
fn committed_manual_pages_are_current() {
    use clap::CommandFactory as _;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let command = mcpoke::cli::Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let pages = std::iter::once((vec!["man"], "mcpoke.1".to_owned()))
        .chain(names.iter().map(|name| (vec!["man", *name], format!("mcpoke-{name}.1"))));
    let mut count = 0;
    for (args, file) in pages {
        let page = Sandbox::new().run(&args).exits(0).stdout;
        let committed = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(committed == page, "man/{file} is old; write it with: mcpoke {}", args.join(" "));
        count += 1;
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), count);
    Sandbox::new().run(&["man", "nonsense"]).exits(2).says("no command");
}

/// Returns the candidates for the last word, as fish and zsh get them.
fn completed(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let args = [&["__complete", "fish", "--", "mcpoke"], words].concat();
    let answer = sandbox.run(&args).exits(0).stdout;
    answer.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn what_a_server_showed_is_completed_without_asking_it() {
    let sandbox = Sandbox::new();
    {
        let server = mcp(|request| {
            let items = match request.rpc() {
                "resources/list" => json!({"resources": [{"uri": "note://one", "name": "one"},
                    {"uri": "note://évil\u{1b}[31m", "name": "x"}, {"uri": "note://a\nb", "name": "x"}]}),
                "resources/templates/list" => json!({"resourceTemplates": [
                    {"uriTemplate": "note://about/{subject}", "name": "about"}]}),
                "prompts/list" => {
                    json!({"prompts": [{"name": "ask", "description": "Asks", "arguments": [
                    {"name": "subject"}, {"name": "tone"}]}]})
                }
                _ => return None,
            };
            Some(request.result(&items))
        });
        sandbox.run(&["init", &server.url, "--name", "mine"]).exits(0);
        assert!(completed(&sandbox, &["call", "e"]).is_empty(), "nothing was listed yet");
        for list in ["list-tools", "list-resources", "list-resource-templates", "list-prompts"] {
            sandbox.run(&[list]).exits(0);
        }
        // A partial list must not replace the complete one.
        sandbox.run(&["list-prompts", "--limit", "0"]).exits(0);
    }
    assert_eq!(completed(&sandbox, &["call", "e"]), ["echo"]);
    assert_eq!(completed(&sandbox, &["call", "echo", "me"]), ["message="]);
    assert_eq!(completed(&sandbox, &["read-resource", "note://o"]), ["note://one"]);
    assert_eq!(completed(&sandbox, &["read-resource", "note://a"]), ["note://about/"]);
    assert_eq!(completed(&sandbox, &["get-prompt", "ask", "tone=x", ""]), ["subject="]);
    assert_eq!(completed(&sandbox, &["complete", "note://about/{subject}", ""]), ["subject="]);
    assert_eq!(completed(&sandbox, &["use", ""]), ["demo", "mine"]);
    let all = completed(&sandbox, &["read-resource", "note://"]);
    assert!(!all.join("").contains('\u{1b}'), "{all:?}");
    sandbox.run(&["close", "mine", "--forget"]).exits(0);
    assert!(completed(&sandbox, &["get-prompt", "a"]).is_empty());
    assert_eq!(std::fs::read_dir(sandbox.state().join("sessions")).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn init_on_a_terminal_asks_for_what_can_be_completed() {
    let sandbox = Sandbox::new();
    let server = mcp(|request| match request.rpc() {
        "initialize" => {
            let result = json!({"protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}, "prompts": {}},
                "serverInfo": {"name": "scripted", "version": "1"}});
            let session = [("Mcp-Session-Id", "session-0123456789abcdef")];
            Some(crate::support::http(200, &session, &request.result_text(&result)))
        }
        "prompts/list" => Some(request.error(400, -32601, "Method not found")),
        _ => None,
    });
    let (shown, code) = crate::support::on_a_terminal(&sandbox, &["init", &server.url], &[]);
    assert_eq!(code, 0, "{shown}");
    let methods = server.methods();
    assert_eq!(methods, ["initialize", "notifications/initialized", "tools/list", "prompts/list"]);
    assert_eq!(completed(&sandbox, &["call", "ad"]), ["add"]);
}

#[test]
fn nothing_that_goes_wrong_is_told_to_who_types() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.state().join("sessions")).unwrap();
    std::fs::write(sandbox.state().join("current"), "broken").unwrap();
    std::fs::write(sandbox.state().join("sessions/broken.json"), "{").unwrap();
    for words in [&["call", ""][..], &["read-resource", ""], &[], &["--nonsense", "x", ""]] {
        let args = [&["__complete", "zsh", "--", "mcpoke"], words].concat();
        assert_eq!(sandbox.run(&args).exits(0).stderr, "");
    }
    for odd in [&["__complete"][..], &["__complete", "bash"], &["__complete", "bash", "é", "1", ""]]
    {
        assert_eq!(sandbox.run(odd).exits(0).stderr, "");
    }
}
