//! Tasks in both eras: calls that continue without a waiting client.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::support::{Demo, Sandbox, http, mcp, modern};

#[test]
fn a_call_may_become_a_task() {
    for version in ["2025-11-25", "2026-07-28"] {
        let sandbox = Sandbox::new();
        let demo = Demo::start(&sandbox);
        sandbox.run(&["init", &demo.url, "--protocol-version", version]).exits(0);
        sandbox
            .run(&["call", "slow", "seconds=0.3", "--task"])
            .exits(0)
            .prints("done in 3 steps\n");
        // A tool that starts no task responds at once.
        sandbox
            .run(&["call", "echo", "message=hi", "--task"])
            .exits(0)
            .prints("hi\n")
            .says("there is no task");
        let began = sandbox.run(&["call", "slow", "seconds=0.6", "--detach"]).exits(0);
        let id = began.stdout.trim().to_owned();
        assert!(began.stderr.contains(&format!("task {id}")), "{}", began.stderr);
        let status = sandbox.run(&["task", &id, "--status", "--json"]).exits(0).stdout;
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!((&status["taskId"], &status["status"]), (&json!(id), &json!("working")));
        sandbox.run(&["tasks"]).exits(0).prints_part(&id);
        sandbox.run(&["task", &id]).exits(0).prints("done in 3 steps\n");
        let other = sandbox.run(&["call", "slow", "seconds=30", "--detach"]).exits(0).stdout;
        let other = other.trim();
        sandbox.run(&["task", other, "--cancel"]).exits(0).says("asked to end");
        sandbox.run(&["task", other, "--status"]).exits(0).prints_part("cancelled");
        sandbox
            .run(&["tasks", "--filter", "cancelled", "--names"])
            .exits(0)
            .prints(&format!("{other}\n"));
        sandbox.run(&["task", "nonsense"]).exits(6).says("Unknown task");
        // Interrupting the wait does not cancel the task.
        sandbox
            .run(&["call", "slow", "seconds=30", "--task", "--timeout", "0.3"])
            .exits(8)
            .says("The task goes on.")
            .says("--cancel");
        // A call that is not a task could have been one.
        sandbox
            .run(&["call", "slow", "seconds=30", "--timeout", "0.8"])
            .exits(8)
            .says("no response within 0.8 s (--timeout)")
            .says("repeat with --task");
        // A tool that cannot be a task gets no such advice; in the modern era, the server decides.
        let finished =
            sandbox.run(&["call", "echo", "message=hi", "--timeout", "0.000001"]).exits(8);
        let is_modern = version == "2026-07-28";
        assert_eq!(finished.stderr.contains("--task"), is_modern, "{}", finished.stderr);
    }
}

#[test]
fn a_tool_that_wants_a_task_gets_one() {
    let polls = Mutex::new(0);
    let server = mcp(move |request| {
        match request.rpc() {
            "initialize" => {
                let result = json!({"protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}, "tasks": {"requests": {"tools": {"call": {}}}}},
                "serverInfo": {"name": "scripted", "version": "1"}});
                let session = [("Mcp-Session-Id", "session-0123456789abcdef")];
                Some(http(200, &session, &request.result_text(&result)))
            }
            "tools/list" => {
                Some(
                    request.result(
                        &json!({"tools": [{"name": "long", "inputSchema": {"type": "object",
            "properties": {"n": {"type": "integer"}}}, "execution": {"taskSupport": "required"}}]}),
                    ),
                )
            }
            "tools/call" => {
                assert_eq!(request.body["params"]["task"], json!({"ttl": 5000}));
                let task = json!({"taskId": "t1", "status": "working", "ttl": 5000, "pollInterval": 50,
                "createdAt": "2026-11-25T00:00:00Z", "lastUpdatedAt": "2026-11-25T00:00:00Z"});
                Some(request.result(&json!({"task": task})))
            }
            "tasks/get" => {
                let mut polls = polls.lock().unwrap();
                *polls += 1;
                let status = if *polls < 3 { "working" } else { "input_required" };
                Some(request.result(
                    &json!({"taskId": "t1", "status": status, "ttl": 5000, "pollInterval": 50,
                "createdAt": "2026-11-25T00:00:00Z", "lastUpdatedAt": "2026-11-25T00:00:00Z"}),
                ))
            }
            // The server request is sent on the stream of the result.
            "tasks/result" => {
                let question = json!({"jsonrpc": "2.0", "id": 7, "method": "elicitation/create",
                "params": {"message": "Which?", "requestedSchema": {"type": "object",
                    "properties": {"a": {"type": "string"}}}}});
                let result = request
                    .result_text(&json!({"content": [{"type": "text", "text": "long done"}]}));
                let body = format!("data: {question}\n\ndata: {result}\n\n");
                Some(http(200, &[("Content-Type", "text/event-stream")], &body))
            }
            "GET" => Some(http(405, &[], "")),
            "POST" => Some(http(202, &[], "")),
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    sandbox
        .run(&["-s", &server.url, "call", "long", "n=1", "--ttl", "5", "--answer", "a=b"])
        .exits(0)
        .prints("long done\n");
    let answer = server.requests().into_iter().find(|request| request.body["id"] == 7).unwrap();
    assert_eq!(answer.body["result"], json!({"action": "accept", "content": {"a": "b"}}));
}

#[test]
fn a_task_of_the_modern_era_is_answered_by_an_update() {
    let answered = Mutex::new(false);
    let server = modern(move |request| {
        let task = |status: &str, more: Value| {
            let mut task = json!({"resultType": "complete", "taskId": "t 1", "status": status, "ttlMs": null,
                "pollIntervalMs": 50, "createdAt": "2026-11-25T00:00:00Z", "lastUpdatedAt": "2026-11-25T00:00:00Z"});
            for (key, value) in more.as_object().unwrap() {
                task[key] = value.clone();
            }
            request.result(&task)
        };
        let declared =
            &request.body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        let declared = declared["extensions"].get("io.modelcontextprotocol/tasks").is_some();
        match request.rpc() {
            "tools/call" if !declared => Some(request.fails(400, &json!({"code": -32021, "message": "Missing",
                "data": {"requiredCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}}}))),
            "tools/call" => Some(task("working", json!({"resultType": "task"}))),
            "tasks/get" => {
                assert!(declared);
                assert_eq!(request.header("mcp-name"), Some("t 1"));
                Some(if *answered.lock().unwrap() {
                    task("completed", json!({"result": {"content": [{"type": "text", "text": "yes"}]}}))
                } else {
                    task("input_required", json!({"inputRequests": {"elicitation/create": {"method": "elicitation/create",
                        "params": {"mode": "form", "message": "Which?", "requestedSchema": {"type": "object",
                            "properties": {"a": {"type": "string"}}}}}}}))
                })
            }
            "tasks/update" => {
                let given = &request.body["params"]["inputResponses"]["elicitation/create"];
                assert_eq!(*given, json!({"action": "accept", "content": {"a": "b"}}));
                *answered.lock().unwrap() = true;
                Some(request.result(&json!({"resultType": "complete"})))
            }
            _ => None,
        }
    });
    let sandbox = Sandbox::new();
    let call = ["-s", &server.url, "call", "echo", "message=hi", "--answer", "a=b"];
    sandbox.run(&call).exits(10).says("--task");
    sandbox.run(&[&call[..], &["--task"]].concat()).exits(0).prints("yes\n");
}
