//! The completions that are committed are those of this version.

use crate::support::Sandbox;

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
