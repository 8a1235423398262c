//! Servers from configuration files of other programs.

use serde_json::{Value, json};

use crate::support::{Sandbox, http, mcp};

fn write(sandbox: &Sandbox, path: &str, text: &str) {
    let path = sandbox.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn a_server_of_the_projects_file_is_called_by_its_name() {
    let server = mcp(|request| {
        (request.header("authorization") != Some("Bearer t0ken-0123")).then(|| http(401, &[], ""))
    });
    let sandbox = Sandbox::new().with("TOKEN", "t0ken-0123");
    let file = json!({"mcpServers": {
        "mine": {"type": "http", "url": "${BASE:-http://nowhere.invalid}/mcp",
            "headers": {"Authorization": "Bearer ${TOKEN}"}},
        "local": {"command": "npx", "args": ["-y", "some server"], "env": {"KEY": "s3cret-value"}},
    }});
    write(&sandbox, ".mcp.json", &file.to_string());
    let sandbox = sandbox.with("BASE", server.url.trim_end_matches("/mcp"));
    sandbox.run(&["trust", "--yes"]).exits(0);
    sandbox
        .run(&["-s", "mine", "call", "echo", "message=hi"])
        .exits(0)
        .says("using mine from .mcp.json: http://127.0.0.1");
    // The server is saved under its name, with a reference instead of the token.
    let record = std::fs::read_to_string(sandbox.state().join("sessions/mine.json")).unwrap();
    assert!(record.contains("${TOKEN}") && !record.contains("t0ken"), "{record}");
    sandbox.run(&["-s", "mine", "call", "echo", "message=hi"]).exits(0);
    sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    assert_eq!(server.methods().iter().filter(|method| *method == "initialize").count(), 1);
    // The current content of the file applies, also after a change.
    let changed = file.to_string().replace("${TOKEN}", "${OTHER}");
    write(&sandbox, ".mcp.json", &changed);
    sandbox.run(&["trust", "--yes"]).exits(0);
    sandbox.run(&["-s", "mine", "list-tools"]).exits(2).says("the variable OTHER is not set");
    // The value of a variable in a path is not shown.
    let hidden = json!({"mcpServers": {"hidden": {"url": "http://127.0.0.1:1/${TOKEN}/mcp"}}});
    write(&sandbox, "hidden.json", &hidden.to_string());
    let said = sandbox.run(&["--config", "hidden.json", "-s", "hidden", "ping"]).exits(3);
    assert!(!said.stderr.contains("t0ken-0123"), "{}", said.stderr);
    said.says("using hidden from hidden.json: http://127.0.0.1:1/");
    let sandbox = sandbox.with("WHOLE", "http://127.0.0.1:1/s3cret-in-a-path");
    let whole = json!({"mcpServers": {"whole": {"url": "${WHOLE}/mcp"}}});
    write(&sandbox, "whole.json", &whole.to_string());
    let said = sandbox.run(&["--config", "whole.json", "-s", "whole", "ping"]).exits(3);
    assert!(!said.stderr.contains("s3cret-in"), "{}", said.stderr);
    said.says("using whole from whole.json: http://127.0.0.1:1/…path/mcp");
    let shown = sandbox.run(&["servers"]).exits(0);
    assert_eq!(
        shown.stdout,
        "mine   ${BASE:-http://nowhere.invalid}/mcp  .mcp.json\nlocal  stdio: npx -y some server            .mcp.json\n"
    );
    let shown = sandbox.run(&["servers", "--json"]).exits(0).stdout;
    assert!(!shown.contains("s3cret"), "{shown}");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["headers"], json!(["Authorization"]));
    assert_eq!(shown[1]["transport"], "stdio");
    assert_eq!(std::fs::read_to_string(sandbox.home().join(".mcp.json")).unwrap(), changed);
}

#[test]
fn a_program_is_said_to_need_a_bridge() {
    let sandbox = Sandbox::new();
    let file = json!({"mcpServers": {"local": {"command": "npx", "args": ["-y", "a b"], "env": {"KEY": "s3cret"}}}});
    write(&sandbox, ".mcp.json", &file.to_string());
    let said =
        sandbox.run(&["-s", "local", "list-tools"]).exits(2).says("stdio").says("supergateway");
    assert!(said.stderr.contains(r#"--stdio "npx -y 'a b'""#), "{}", said.stderr);
    assert!(!said.stderr.contains("s3cret"), "{}", said.stderr);
}

#[test]
fn any_programs_file_can_be_given() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new();
    let code = format!(
        "{{ // VS Code\n \"inputs\": [{{\"id\": \"key\", \"type\": \"promptString\", \"description\": \"The key\", \"password\": true}}],\n \
         \"servers\": {{\"code\": {{\"type\": \"http\", \"url\": \"{}\", \"headers\": {{\"X-Key\": \"${{input:key}}\"}}}},}} }}",
        server.url
    );
    write(&sandbox, "code/.vscode/mcp.json", &code);
    let path = "code/.vscode/mcp.json";
    sandbox
        .run(&["--config", path, "-s", "code", "list-tools"])
        .exits(2)
        .says("MCPOKE_INPUT_KEY is what VS Code asks for: The key");
    let sandbox = sandbox.with("MCPOKE_INPUT_KEY", "k3y-01234567").with("MCPOKE_CONFIG", path);
    let finished = sandbox.run(&["-s", "code", "list-tools", "--trace"]).exits(0);
    assert!(!finished.stderr.contains("k3y-01234567"), "{}", finished.stderr);
    assert_eq!(server.requests()[0].header("x-key"), Some("k3y-01234567"));
    sandbox.run(&["--config", "gone.json", "-s", "code", "list-tools"]).exits(2).says("gone.json");
    sandbox.run(&["--config", "gone.json", "servers"]).exits(2).says("gone.json");
    sandbox.run(&["-s", "cod", "list-tools", "--no-save"]).exits(2);
}

#[test]
fn what_the_user_has_named_comes_first() {
    let (users, projects) = (mcp(|_| None), mcp(|_| None));
    let sandbox = Sandbox::new();
    sandbox.run(&["init", &users.url, "--name", "mine"]).exits(0);
    let file =
        json!({"mcpServers": {"mine": {"url": projects.url}, "other": {"url": projects.url}}});
    write(&sandbox, ".mcp.json", &file.to_string());
    sandbox.run(&["-s", "mine", "list-tools"]).exits(0);
    assert!(projects.methods().is_empty());
    // An entry for the same server with other credentials gets a session that is not saved.
    let same = json!({"mcpServers": {"same": {"url": users.url, "headers": {"X-Key": "k-0123"}}}});
    write(&sandbox, "same.json", &same.to_string());
    let before = std::fs::read_to_string(sandbox.state().join("sessions/mine.json")).unwrap();
    sandbox.run(&["--config", "same.json", "-s", "same", "list-tools"]).exits(0);
    let after = std::fs::read_to_string(sandbox.state().join("sessions/mine.json")).unwrap();
    assert_eq!(before, after);
    sandbox.run(&["-s", "other", "list-tools", "--no-save"]).exits(0);
    assert_eq!(projects.methods().last().unwrap(), "DELETE");
    sandbox.run(&["-s", "othr", "list-tools"]).exits(2).says("did you mean `other`?");
    write(&sandbox, "none.json", r#"{"mcpServers": {}}"#);
    sandbox.run(&["servers", "--config", "none.json"]).exits(0).says("none.json names none");
    write(&sandbox, ".mcp.json", "{");
    sandbox.run(&["-s", "mine", "list-tools"]).exits(0);
    sandbox.run(&["-s", "nobody", "list-tools"]).exits(2).says("not JSON");
}

#[test]
fn the_users_own_token_goes_to_nobody_that_a_file_names() {
    let server = mcp(|request| {
        let given = request.header("authorization").is_some();
        given.then(|| http(500, &[], "a token that was meant for somebody else"))
    });
    let sandbox = Sandbox::new().with("MCPOKE_BEARER", "my-own-token-0123");
    let file = json!({"mcpServers": {"theirs": {"url": server.url}}});
    write(&sandbox, ".mcp.json", &file.to_string());
    for _ in 0..2 {
        sandbox.run(&["-s", "theirs", "call", "echo", "message=hi"]).exits(0);
        sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    }
    // If the user names the token or the server, the token may be sent.
    sandbox.run(&["-s", "theirs", "list-tools", "--bearer", "env:MCPOKE_BEARER"]).fails();
    sandbox.run(&["--no-save", "-s", &server.url, "list-tools"]).fails();
}

#[test]
fn what_a_variable_stands_for_in_an_address_is_never_shown() {
    let server = mcp(|_| None);
    let sandbox = Sandbox::new()
        .with("KEY", "s3cret-in-the-path")
        .with("BASE", server.url.trim_end_matches("/mcp"));
    let file = json!({"mcpServers": {"mine": {"url": "${BASE}/${KEY}/mcp"}}});
    write(&sandbox, ".mcp.json", &file.to_string());
    let mut said = String::new();
    for args in [
        &["trust", "--yes"][..],
        &["-s", "mine", "ping"],
        &["ping"],
        &["--json", "ping"],
        &["sessions"],
        &["sessions", "--json"],
        &["list-tools", "--trace"],
        &["__complete", "fish", "--", "mcpoke", "use", ""],
        &["logout"],
        &["-s", "mine", "logout"],
        &["call", "nothing"],
    ] {
        let finished = sandbox.run(args);
        said += &finished.stdout;
        said += &finished.stderr;
    }
    assert!(!said.contains("s3cret-in-the-path"), "{said}");
    // The origin is shown.
    assert!(said.contains("http://127.0.0.1:") && said.contains("mine"), "{said}");
}
