//! `explain` with what the user has.

use crate::support::Sandbox;

#[test]
fn a_text_finds_its_rules() {
    let sandbox = Sandbox::new();
    for (text, rule) in [
        (&["missing mcp-session-id"][..], "session-missing"),
        (&["No valid session ID provided"], "session-missing"),
        (&["Server not initialized"], "session-missing"),
        (&["Server", "already", "initialized"], "shared-transport"),
        (&["406"], "accept"),
        (&["415"], "content-type"),
        (&["handshake"], "handshake-missing"),
        (&["-32022"], "modern-only"),
    ] {
        let finished = sandbox.run(&[&["explain"], text].concat()).exits(0);
        let first: Vec<&str> =
            finished.stdout.lines().filter(|line| !line.starts_with(' ')).take(3).collect();
        assert!(first.contains(&rule), "{text:?}: {first:?}");
    }
    sandbox.run_with_input(&["explain", "-"], "HTTP 400: missing mcp-session-id").exits(0);
    sandbox.run(&["explain", "-32000"]).exits(0);
    sandbox.run(&["explain", "xyzzy"]).exits(2).says("there is no rule for");
    let list = sandbox.run(&["explain"]).exits(0).stdout;
    assert!(list.starts_with("Sessions and handshakes"), "{list}");
}
