use super::*;
use crate::exchange::testing::{answered, sent};
use crate::exchange::{Event, Exchange};
use crate::protocol::codes;
use crate::protocol::jsonrpc::ErrorObject;

/// Returns the error of a request with this answer, which has no id.
fn error(status: u16, code: i64, data: Option<&str>, events: usize) -> Error {
    let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": code, "message": "no"}});
    let mut exchange = answered(sent("tools/call", None), status, &body.to_string());
    let answer = exchange.answer.as_mut().unwrap();
    answer.events = vec![Event::default(); events];
    let data = data.map(|data| RawValue::from_string(data.to_owned()).unwrap());
    let rpc = ErrorObject { code: Some(code), message: "no".into(), data };
    Error::of(ErrorKind::Rpc(rpc)).shown_by(Box::new(exchange))
}

fn status(status: u16) -> Error {
    let exchange: Exchange = answered(sent("tools/call", None), status, "no");
    Error::of(ErrorKind::Status(status)).shown_by(Box::new(exchange))
}

#[test]
fn a_modern_server_has_changed_if_it_refuses_the_form_of_the_request() {
    let session = Session::modern("2026-07-28");
    let changed = |error: &Error| is_of_another_era(&session, error);
    for refused in [400, 404, 405, 406, 415, 422] {
        assert!(changed(&status(refused)), "{refused}");
        assert!(changed(&error(refused, -32000, None, 0)), "{refused}");
    }
    for other in [200, 401, 403, 407, 414, 421, 500, 503] {
        assert!(!changed(&status(other)), "{other}");
    }
    for code in [codes::PARSE_ERROR, codes::INVALID_PARAMS, codes::INTERNAL_ERROR] {
        assert!(!changed(&error(400, code, None, 0)), "{code}");
    }
    // It names another revision, or the very one that was used.
    let names = |version: &str| Some(format!(r#"{{"supported":["{version}"]}}"#));
    let of = |data: Option<String>| error(400, codes::UNSUPPORTED_VERSION, data.as_deref(), 0);
    assert!(changed(&of(names("2025-11-25"))));
    assert!(!changed(&of(names("2026-07-28"))));
    assert!(!changed(&of(names("1999-01-01"))));
    assert!(!changed(&of(None)));
}

#[test]
fn a_legacy_server_has_changed_if_it_proves_the_modern_era_before_anything_ran() {
    let session = Session::of(crate::protocol::types::Transport::Http, None, Some("id".into()));
    let changed = |error: &Error| is_of_another_era(&session, error);
    for status in [400, 404] {
        assert!(changed(&error(status, codes::HEADER_MISMATCH, None, 0)), "{status}");
        assert!(changed(&error(status, codes::UNSUPPORTED_VERSION, None, 1)), "{status}");
        assert!(!changed(&error(status, codes::UNSUPPORTED_VERSION, None, 2)), "it has begun");
    }
    assert!(!changed(&error(200, codes::UNSUPPORTED_VERSION, None, 0)), "of the application");
    assert!(!changed(&error(404, codes::METHOD_NOT_FOUND, None, 0)), "of both eras");
    assert!(!changed(&error(400, -32000, None, 0)) && !changed(&status(400)));
}

#[test]
fn only_a_refused_path_or_method_leads_to_the_older_transport() {
    for refused in [400, 404, 405] {
        assert!(is_refused_for_its_transport(&status(refused)), "{refused}");
        assert!(!is_refused_for_its_transport(&error(refused, codes::HEADER_MISMATCH, None, 0)));
    }
    for other in [200, 401, 403, 406, 500] {
        assert!(!is_refused_for_its_transport(&status(other)), "{other}");
    }
    let page = |status| {
        let exchange = answered(sent("initialize", None), status, "<html>no</html>");
        Error::of(ErrorKind::Status(status)).shown_by(Box::new(exchange))
    };
    assert!(is_sse_alone(&status(405)) && is_sse_alone(&page(404)));
    assert!(!is_sse_alone(&status(404)) && !is_sse_alone(&page(400)));
}
