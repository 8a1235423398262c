/// Reads the response to a request: a JSON document, or an event of a stream.
fn answer(body: impl Read, is_stream: bool, id: u64) -> Result<Value, Error> {
    let mut body = BufReader::new(body);
    if !is_stream {
        let mut text = String::new();
        body.read_to_string(&mut text)?;
        return serde_json::from_str(&text).map_err(|_| text.into());
    }
    let mut data = String::new();
    for line in body.lines() {
        let line = line?;
        if let Some(more) = line.strip_prefix("data:") {
            data.push_str(more.strip_prefix(' ').unwrap_or(more));
        } else if line.is_empty() && !data.is_empty() {
            let message: Value = serde_json::from_str(&std::mem::take(&mut data))?;
            if message["id"] == id && message.get("method").is_none() {
                return Ok(message);
            }
        }
    }
    Err("no answer".into())
}
