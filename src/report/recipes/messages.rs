/// Returns the result of the response to a request: in a JSON document, or an event of a stream.
fn result_of(body: impl Read, is_stream: bool, id: u64) -> Result<Value, Error> {
    let mut body = BufReader::new(body);
    let mut text = String::new();
    if !is_stream {
        body.read_to_string(&mut text)?;
        let message = serde_json::from_str(&text).map_err(|_| format!("no response: {text}"))?;
        return result(unpacked(message, id));
    }
    for line in body.lines() {
        let line = line?;
        if let Some(more) = line.strip_prefix("data:") {
            text.push_str(more.strip_prefix(' ').unwrap_or(more));
        } else if line.is_empty() && !text.trim().is_empty() {
            let message = unpacked(serde_json::from_str(&std::mem::take(&mut text))?, id);
            if message["id"] == id && message.get("method").is_none() {
                return result(message);
            }
        }
    }
    Err("no response".into())
}

/// Some servers put the response into an array, as revision 2025-03-26 permitted.
fn unpacked(message: Value, id: u64) -> Value {
    match message {
        Value::Array(all) => all.into_iter().find(|one| one["id"] == id).unwrap_or_default(),
        message => message,
    }
}

fn result(message: Value) -> Result<Value, Error> {
    // Some servers send the other member too, as null.
    let member = |name: &str| message.get(name).filter(|member| !member.is_null());
    match (member("result"), member("error")) {
        (Some(result), None) => Ok(result.clone()),
        (_, Some(error)) => Err(format!("error {}: {}", error["code"], error["message"]).into()),
        (None, None) => Err(format!("no response: {message}").into()),
    }
}
