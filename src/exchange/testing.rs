//! Hand-made exchanges for tests of the diagnosis.

use super::*;

/// Creates a request with this method, with or without a session id, and no response.
pub(crate) fn sent(method: &str, session: Option<&str>) -> Exchange {
    let mut headers = vec![
        ("content-type".to_owned(), headers::JSON.to_owned()),
        ("accept".to_owned(), headers::ACCEPT_BOTH.to_owned()),
    ];
    headers.extend(session.map(|id| (headers::SESSION_ID.to_owned(), id.to_owned())));
    Exchange {
        number: 1,
        began: SystemTime::UNIX_EPOCH,
        purpose: Purpose::of(method),
        request: Request {
            method: "POST",
            url: "http://h/mcp".to_owned(),
            headers,
            body: if method.starts_with("notifications/") {
                format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#)
            } else {
                format!(r#"{{"jsonrpc":"2.0","id":"x","method":"{method}"}}"#)
            },
            is_sessionless: false,
        },
        connection: Connection::default(),
        times: Times::default(),
        wire: Wire::default(),
        answer: None,
        failure: None,
        id: OnceLock::new(),
    }
}

/// Adds a response whose body is JSON, HTML, text or empty.
pub(crate) fn answered(exchange: Exchange, status: u16, body: &str) -> Exchange {
    with_headers(exchange, status, &[], body)
}

/// Like `answered`, with response headers.
pub(crate) fn with_headers(
    mut exchange: Exchange,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Exchange {
    exchange.answer = Some(Answer {
        status,
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        shape: match body.trim_start().chars().next() {
            None => BodyKind::Empty,
            Some('{' | '[') => BodyKind::Json,
            Some('<') => BodyKind::Html,
            _ => BodyKind::Text,
        },
        body: body.to_owned(),
        body_length: body.len() as u64,
        events: Vec::new(),
        events_dropped: 0,
        decoded: None,
    });
    exchange
}
