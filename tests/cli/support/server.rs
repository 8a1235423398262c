//! A scripted TCP server that responds byte by byte; it can send wrong data, break off, and
//! stay silent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::schema;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
    /// The body as received.
    pub(crate) text: String,
    /// Index of the connection, from 0.
    pub(crate) connection: usize,
}

impl Request {
    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the JSON-RPC method, or the HTTP method of a request without one.
    pub(crate) fn rpc(&self) -> &str {
        self.body["method"].as_str().unwrap_or(&self.method)
    }

    /// Creates a request of which only the body matters.
    pub(crate) fn of(body: Value) -> Self {
        let (method, path) = ("POST".to_owned(), "/mcp".to_owned());
        let text = body.to_string();
        Self { method, path, headers: Vec::new(), body, text, connection: 0 }
    }

    /// Returns true for a request of the modern era.
    pub(crate) fn is_modern(&self) -> bool {
        self.header("mcp-protocol-version").is_some_and(|version| version >= "2026-07-28")
    }

    /// Returns a JSON response with a result for this request.
    pub(crate) fn result(&self, result: &Value) -> Vec<u8> {
        http(200, &[("Content-Type", "application/json")], &self.result_text(result))
    }

    /// Returns the JSON-RPC message with a result for this request.
    pub(crate) fn result_text(&self, result: &Value) -> String {
        json!({"jsonrpc": "2.0", "id": self.body["id"], "result": result}).to_string()
    }

    /// Returns a JSON-RPC error response with the request's id.
    pub(crate) fn fails(&self, status: u16, error: &Value) -> Vec<u8> {
        let body = json!({"jsonrpc": "2.0", "id": self.body["id"], "error": error}).to_string();
        http(status, &[("Content-Type", "application/json")], &body)
    }

    /// Returns a JSON-RPC error response without an id, as many servers send it.
    #[expect(clippy::unused_self, reason = "reads as the answer to a request")]
    pub(crate) fn error(&self, status: u16, code: i64, message: &str) -> Vec<u8> {
        let error = json!({"code": code, "message": message});
        let body = json!({"jsonrpc": "2.0", "id": null, "error": error}).to_string();
        http(status, &[("Content-Type", "application/json")], &body)
    }
}

/// Returns a complete HTTP response, after which the connection is closed.
pub(crate) fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A running server. It ends with the test, and fails it if a message violated its
/// revision's schema.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        // A client registration is not an MCP message.
        let is_message =
            |request: &&Request| !request.body.is_null() && request.path != "/register";
        for request in self.all_requests().iter().filter(is_message) {
            let problem = schema::problem(&request.body, request.is_modern());
            assert!(problem.is_none(), "{}\n{}", request.body, problem.unwrap());
            let answers = request.body["params"]["inputResponses"].as_object();
            for (key, answer) in answers.into_iter().flatten() {
                // In these tests, the key of an input request is its method.
                let problem = schema::answer_problem(key, answer, true);
                assert!(problem.is_none(), "{answer}\n{}", problem.unwrap());
            }
        }
    }
}

impl Server {
    /// Responds to each request with the bytes from `answer`, and closes the connection.
    pub(crate) fn start(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::raw(move |request, stream| {
            // In some tests, the client has disconnected.
            let _ = stream.write_all(&answer(request));
        })
    }

    /// Calls `act` with the connection after each request. Modern requests are rejected as
    /// legacy servers do, and are not part of the test.
    pub(crate) fn raw(act: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::of_any_era(move |request, stream| {
            if request.is_modern() {
                let refusal = request.error(400, -32000, "Bad Request: Server not initialized");
                let _ = stream.write_all(&refusal);
            } else {
                act(request, stream);
            }
        })
    }

    /// Like `raw`, but calls `act` for modern requests too.
    pub(crate) fn of_any_era(
        act: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, act) = (Arc::clone(&requests), Arc::new(act));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (log, act, mut stream) = (Arc::clone(&log), Arc::clone(&act), stream.unwrap());
                std::thread::spawn(move || {
                    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    if let Some(request) = read_request(&stream, connection) {
                        log.lock().unwrap().push(request.clone());
                        act(&request, &mut stream);
                        if socket2::SockRef::from(&stream).linger().unwrap().is_some() {
                            return; // A reset is wanted.
                        }
                        let _ = stream.shutdown(Shutdown::Write);
                        // Wait until the client has read everything: a reset would discard it.
                        let _ = stream.read(&mut [0; 1024]);
                    }
                });
            }
        });
        Self { url, requests }
    }

    /// Calls `act` after the first kilobyte of a connection and reads no further, so that
    /// closing it sends a reset.
    pub(crate) fn raw_before_reading(act: impl Fn(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]);
                act(&mut stream);
            }
        });
        Self { url, requests: Arc::default() }
    }

    /// Returns all requests, in order.
    pub(crate) fn all_requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the legacy requests, in order, without those that detect the era.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.all_requests().into_iter().filter(|request| !request.is_modern()).collect()
    }

    /// Returns the JSON-RPC methods of the legacy requests, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.rpc().to_owned()).collect()
    }
}

fn read_request(stream: &TcpStream, connection: usize) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut parts = line.split_whitespace();
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let (body, text) = (Value::Null, String::new());
    let mut request = Request { method, path, headers, body, text, connection };
    let length =
        request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    request.text = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}

/// Creates a well-behaved server with sessions. `special` may replace any response.
pub(crate) fn mcp(special: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        if let Some(bytes) = special(request) {
            return bytes;
        }
        let session =
            [("Content-Type", "application/json"), ("Mcp-Session-Id", "session-0123456789abcdef")];
        match request.rpc() {
            "initialize" => http(
                200,
                &session,
                &request.result_text(&json!({
                    "protocolVersion": request.body["params"]["protocolVersion"],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "scripted", "version": "1"},
                })),
            ),
            "notifications/initialized" => http(202, &[], ""),
            "tools/list" => request.result(&json!({"tools": [
                {"name": "echo", "description": "Says it again", "inputSchema": {"type": "object",
                    "properties": {"message": {"type": "string"}}, "required": ["message"]}},
                {"name": "add", "inputSchema": {"type": "object",
                    "properties": {"a": {"type": "number"}, "b": {"type": "number"}}}},
            ]})),
            "tools/call" => {
                let text = request.body["params"]["arguments"].to_string();
                request.result(&json!({"content": [{"type": "text", "text": text}]}))
            }
            "ping" => request.result(&json!({})),
            "DELETE" => http(200, &[], ""),
            other => panic!("an unexpected request: {other}"),
        }
    })
}

/// Creates a well-behaved modern server. `special` may replace any response.
pub(crate) fn modern(
    special: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> Server {
    Server::of_any_era(move |request, stream| {
        let bytes = special(request).unwrap_or_else(|| modern_answer(request));
        // In some tests, the client has disconnected on purpose.
        let _ = stream.write_all(&bytes);
    })
}

fn modern_answer(request: &Request) -> Vec<u8> {
    if !request.is_modern() {
        return request.fails(
            400,
            &json!({"code": -32022, "message": "Unsupported protocol version", "data": {
                "supported": ["2026-07-28"], "requested": ""}}),
        );
    }
    let info = json!({"io.modelcontextprotocol/serverInfo": {"name": "modern", "version": "1"}});
    let result = match request.rpc() {
        "server/discover" => {
            json!({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
        }
        "tools/list" => json!({"tools": [
            {"name": "echo", "inputSchema": {"type": "object",
                "properties": {"message": {"type": "string", "x-mcp-header": "Message"}}}},
        ]}),
        "tools/call" => {
            let text = request.body["params"]["arguments"].to_string();
            json!({"content": [{"type": "text", "text": text}]})
        }
        other => {
            let text = format!("Method not found: {other}");
            return request.fails(404, &json!({"code": -32601, "message": text}));
        }
    };
    let mut result = result;
    result["resultType"] = json!("complete");
    result["ttlMs"] = json!(0);
    result["cacheScope"] = json!("private");
    result["_meta"] = info;
    request.result(&result)
}

/// Passes a request on to another server, and its response back.
pub(crate) fn pass_on(request: &Request, url: &str, stream: &mut TcpStream) {
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    let mut other = TcpStream::connect(address).unwrap();
    let body = if request.body.is_null() { String::new() } else { request.body.to_string() };
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in &request.headers {
        if !name.eq_ignore_ascii_case("content-length") {
            head += &format!("{name}: {value}\r\n");
        }
    }
    write!(other, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    // In some tests, the client has disconnected on purpose.
    let _ = std::io::copy(&mut other, stream);
}
