//! The state directory: what is written and when, and damaged files.

use crate::support::{Sandbox, forgetful, mcp};

#[test]
fn a_damaged_record_is_reported_and_not_thrown_away() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    std::fs::write(&path, "").unwrap();
    sandbox.run(&["ping"]).exits(9).says("scripted.json").says("the file is empty");
    assert!(path.exists());
    sandbox.run(&["--no-save", "-s", &server.url, "ping"]).exits(0);
    sandbox.run(&["close", "scripted", "--forget"]).exits(0);
    assert!(!path.exists());
}

#[test]
fn state_of_0_1_0_is_read() {
    use mcpoke::env::Env;
    use mcpoke::session::Store;

    let sandbox = Sandbox::new();
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/state-0.1.0");
    for file in walk(&sample).into_iter().filter(|path| path.is_file()) {
        let to = sandbox.state().join(file.strip_prefix(&sample).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(&to, std::fs::read(&file).unwrap()).unwrap();
        set_mode(&to, 0o600);
        set_mode(to.parent().unwrap(), 0o700);
    }
    let listed = sandbox.run(&["sessions", "--json"]).exits(0).stdout;
    assert!(listed.contains("\"name\":\"sample\"") && listed.contains("2025-11-25"), "{listed}");
    sandbox.run(&["trust", "--list"]).exits(0).prints("/home/me/project/.mcp.json\n");
    let state = sandbox.state().display().to_string();
    let store = Store::of(&Env::of(&[("MCPOKE_STATE_DIR", &state)]));
    let url = "http://127.0.0.1:8740/mcp";
    let record = store.load_by_url(url).unwrap().unwrap();
    assert_eq!(record.session_id.as_deref(), Some("not-a-real-session"));
    assert_eq!(store.current().unwrap().as_deref(), Some("sample"));
    let tools = store.load_tools("sample", None, std::time::SystemTime::now()).unwrap().unwrap();
    assert_eq!(tools.tools.raw().len(), 11);
    assert!(store.load_offers("sample").unwrap().is_some());
    assert_eq!(store.login(url).unwrap().unwrap().server, url);
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &std::path::Path, _: u32) {}

#[test]
fn a_damaged_list_of_tools_is_fetched_again() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    let path = sandbox.state().join("sessions/scripted.tools.json");
    for damage in ["", "{\"bro", "{\"format\": 1, \"tools\": 7}"] {
        std::fs::write(&path, damage).unwrap();
        sandbox.run(&["call", "echo", "message=hi"]).exits(0).says("the tools are fetched again");
        sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    }
}

#[test]
fn names_work_on_every_file_system() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    for name in ["con", "NUL", "aux", "com1", "LPT9.x", "prn.json"] {
        sandbox.run(&["init", &server.url, "--name", name]).exits(2).says("a device on Windows");
    }
    sandbox.run(&["init", &server.url, "--name", "Console"]).exits(0);
    sandbox.run(&["init", &server.url, "--name", "console"]).exits(2).says("only in case");
    sandbox.run(&["init", &server.url, "--name", "Console"]).exits(0);
}

#[cfg(unix)]
#[test]
fn a_warm_call_writes_no_file() {
    use std::os::unix::fs::MetadataExt as _;
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    sandbox.run(&["list-tools"]).exits(0);
    let snapshot = || {
        let mut files: Vec<_> = walk(&sandbox.state());
        files.sort();
        files
            .into_iter()
            .map(|path| {
                let meta = path.metadata().unwrap();
                (path, meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.mode())
            })
            .collect::<Vec<_>>()
    };
    let before = snapshot();
    sandbox.run(&["call", "echo", "message=hi"]).exits(0);
    assert_eq!(snapshot(), before);
    let requests = server.all_requests();
    assert_eq!(requests.last().unwrap().connection, requests.len() - 1);
    for (path, _, _, _, mode) in before {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn state_that_cannot_be_written_stops_init_and_not_a_call() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.state(), "a file where the folder should be").unwrap();
    let server = mcp(|_| None);
    sandbox.run(&["init", &server.url]).exits(9).says("state");
    sandbox.run(&["-s", &server.url, "ping", "--no-save"]).exits(0);
}

#[cfg(unix)]
#[test]
fn state_that_others_could_have_touched_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    let set_mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o644);
    sandbox
        .run(&["ping"])
        .exits(9)
        .says("can be read by others (mode 0644): chmod 600")
        .says("scripted.json");
    set_mode(0o600);
    sandbox.run(&["ping"]).exits(0);
    // Whoever can write to the folder can replace the file.
    let folder = sandbox.state().join("sessions");
    let open_to = |mode| {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open_to(0o777);
    sandbox.run(&["ping"]).exits(9).says("others can write to").says("chmod 700");
    open_to(0o755);
    sandbox.run(&["ping"]).exits(0);
    // A lock is no way to a file elsewhere.
    let locks: Vec<_> = std::fs::read_dir(sandbox.state().join("locks")).unwrap().collect();
    let stranger = sandbox.home().join("stranger");
    for lock in locks {
        let lock = lock.unwrap().path();
        std::fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink(&stranger, &lock).unwrap();
    }
    sandbox.run(&["init", &server.url]).exits(9).says("cannot lock");
    assert!(!stranger.exists());
    std::fs::remove_dir_all(sandbox.state().join("locks")).unwrap();
    let elsewhere = sandbox.home().join("elsewhere.json");
    std::fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    sandbox.run(&["ping"]).exits(9).says("is a symbolic link").says("scripted.json");
    // The link is replaced, and its target is not changed.
    let before = std::fs::read(&elsewhere).unwrap();
    sandbox.run(&["close", "scripted", "--forget"]).exits(0);
    sandbox.run(&["init", &server.url]).exits(0);
    assert!(!path.is_symlink());
    assert_eq!(std::fs::read(&elsewhere).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_leaves_the_old_state() {
    let (sandbox, server) = (Sandbox::new(), mcp(|_| None));
    sandbox.run(&["init", &server.url]).exits(0);
    let path = sandbox.state().join("sessions/scripted.json");
    let before = std::fs::read(&path).unwrap();
    // No file may grow: simulates a full disk.
    let program = env!("CARGO_BIN_EXE_mcpoke");
    let script = format!("trap '' XFSZ; ulimit -f 0; exec {program} init {}", server.url);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).env("MCPOKE_STATE_DIR", sandbox.state());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(9), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"), "{output:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    sandbox.run(&["ping"]).exits(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_call_works_without_a_place_for_state() {
    let server = mcp(|_| None);
    // No file can be created there.
    let sandbox = Sandbox::new().with("MCPOKE_STATE_DIR", "/proc/mcpoke");
    sandbox.run(&["init", &server.url]).exits(9).says("/proc/mcpoke");
    let before = server.methods().len();
    sandbox.run(&["-s", &server.url, "ping"]).exits(0).says("the server was not saved");
    assert_eq!(
        server.methods()[before..],
        ["initialize", "notifications/initialized", "ping", "DELETE"]
    );
    sandbox.run(&["-s", "demo", "ping"]).exits(0);
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_state_that_can_be_read() {
    let (sandbox, server) =
        (Sandbox::new(), forgetful(|request| request.error(404, -32001, "Session not found")));
    sandbox.run(&["init", &server.url]).exits(0);
    // A cheap random generator: spreads the kill times over the whole run of a command.
    let mut moment: u64 = 88_172_645_463_325_252;
    for round in 0..500 {
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        let args: &[&str] = match round % 3 {
            0 => &["-q", "init", &server.url],
            1 => &["-q", "call", "echo", "message=hi"],
            _ => &["-q", "list-tools"],
        };
        let mut command = sandbox.command(args);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(moment % 9000));
        let _ = child.kill();
        child.wait().unwrap();
        if round % 10 == 0 {
            let listed = sandbox.run(&["sessions", "--json"]).exits(0);
            assert_eq!(listed.stderr, "", "round {round}");
            assert!(listed.stdout.contains("forgetful"), "round {round}: {}", listed.stdout);
        }
    }
    sandbox.run(&["call", "echo", "message=hi"]).exits(0).prints("{\"message\":\"hi\"}\n");
    // What is left half-written goes with the next command.
    let unfinished = sandbox.state().join("unfinished");
    for (command, exit) in [
        (&["init", &server.url][..], 0),
        (&["logout", &server.url], 2),
        (&["sessions"], 0),
        (&["call", "echo", "message=hi"], 0),
        (&["close"], 0),
    ] {
        std::fs::write(unfinished.join("left"), "a token").unwrap();
        sandbox.run(command).exits(exit);
        assert_eq!(std::fs::read_dir(&unfinished).unwrap().count(), 0, "{command:?}");
    }
}
