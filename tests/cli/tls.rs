//! https with trusted and untrusted certificates.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::Sandbox;

/// A certificate authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Returns a certificate for a name, and its key.
    fn certificate(&self, name: &str, days_left: i64) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let now = std::time::SystemTime::now();
        params.not_before = (now - std::time::Duration::from_hours(24 * 30)).into();
        let until = std::time::Duration::from_hours(24 * days_left.unsigned_abs());
        params.not_after = if days_left < 0 { (now - until).into() } else { (now + until).into() };
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// Starts an https server that responds to everything with 202; returns its port.
fn serve(certificate: &rcgen::Certificate, key: &KeyPair) -> u16 {
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            // Read until the closing brace of the JSON body.
            while !seen.ends_with(b"}") {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => seen.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            let text = String::from_utf8_lossy(&seen);
            let id = text
                .split("\"id\":\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .unwrap_or("");
            let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"result\":{{}}}}");
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.flush();
        }
    });
    port
}

#[test]
fn a_certificate_of_a_named_authority_is_trusted_and_noted() {
    let (sandbox, authority) = (Sandbox::new(), Authority::new());
    std::fs::write(sandbox.home().join("ca.pem"), &authority.pem).unwrap();
    let (certificate, key) = authority.certificate("localhost", 30);
    let url = format!("https://localhost:{}/mcp", serve(&certificate, &key));
    let args = [
        "-s",
        &url,
        "--no-session",
        "--cacert",
        "ca.pem",
        "--trace",
        "--trace-file",
        "t.jsonl",
        "ping",
    ];
    let trace = sandbox.run(&args).exits(0).stderr;
    assert!(trace.contains("TLSv1_3") && trace.contains("for localhost"), "{trace}");
    let line = std::fs::read_to_string(sandbox.home().join("t.jsonl")).unwrap();
    let exchange: serde_json::Value = serde_json::from_str(&line).unwrap();
    let tls = &exchange["connection"]["tls"];
    assert_eq!(tls["version"], "TLSv1_3");
    assert_eq!(tls["names"][0], "localhost");
    assert_eq!(tls["fingerprint"].as_str().unwrap().len(), 64);
    for phase in ["lookup", "connect", "tls", "sent", "first_byte", "done"] {
        assert!(exchange["times"][phase].is_number(), "{phase}: {}", exchange["times"]);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_says_why() {
    let (sandbox, authority) = (Sandbox::new(), Authority::new());
    std::fs::write(sandbox.home().join("ca.pem"), &authority.pem).unwrap();
    std::fs::write(sandbox.home().join("other.pem"), Authority::new().pem).unwrap();
    let ping = |name: &str, days, ca: &str| {
        let (certificate, key) = authority.certificate(name, days);
        let url = format!("https://localhost:{}/mcp", serve(&certificate, &key));
        sandbox.run(&["-s", &url, "--no-session", "--cacert", ca, "ping"]).exits(3)
    };
    // First an authority with the same name and another key, then one with another name.
    ping("localhost", 30, "other.pem").says("an authority that is not trusted here");
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "another");
    let unknown = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    std::fs::write(sandbox.home().join("unknown.pem"), unknown).unwrap();
    ping("localhost", 30, "unknown.pem").says("an authority that is not trusted here");
    ping("localhost", -1, "ca.pem").says("has expired");
    ping("example.com", 30, "ca.pem").says("is for example.com, and not for ");
}

#[test]
fn insecure_believes_any_certificate() {
    let authority = Authority::new();
    let (certificate, key) = authority.certificate("example.com", -1);
    let url = format!("https://localhost:{}/mcp", serve(&certificate, &key));
    Sandbox::new().run(&["-s", &url, "--no-session", "--insecure", "ping"]).exits(0);
}

#[test]
fn plain_http_on_a_tls_port_and_the_reverse() {
    for (answer, says) in
        [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "does not use TLS"), (b"", "is it an http://")]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/mcp", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        });
        Sandbox::new().run(&["-s", &url, "--insecure", "ping"]).exits(3).says(says);
    }
    let authority = Authority::new();
    let (certificate, key) = authority.certificate("localhost", 30);
    let url = format!("http://localhost:{}/mcp", serve(&certificate, &key));
    Sandbox::new().run(&["-s", &url, "ping"]).exits(3).says("this port expects TLS: use https://");
}

#[test]
fn a_client_certificate_must_fit_its_key() {
    let (sandbox, authority) = (Sandbox::new(), Authority::new());
    let (certificate, key) = authority.certificate("client", 30);
    let (_, other_key) = authority.certificate("client", 30);
    std::fs::write(sandbox.home().join("c.pem"), certificate.pem()).unwrap();
    std::fs::write(sandbox.home().join("k.pem"), key.serialize_pem()).unwrap();
    std::fs::write(sandbox.home().join("o.pem"), other_key.serialize_pem()).unwrap();
    let (server, key) = authority.certificate("localhost", 30);
    let url = format!("https://localhost:{}/mcp", serve(&server, &key));
    let with_key = |key: &str| {
        sandbox.run(&[
            "-s",
            &url,
            "--no-session",
            "--insecure",
            "--cert",
            "c.pem",
            "--key",
            key,
            "ping",
        ])
    };
    with_key("k.pem").exits(0);
    with_key("o.pem").exits(2).says("does not belong to the certificate");
    with_key("c.pem").exits(2).says("no private key in").says("c.pem");
    with_key("gone.pem").exits(2).says("gone.pem");
}
