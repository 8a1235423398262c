//! What a request is for.

/// Purpose of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purpose {
    /// JSON-RPC method, if the request has one.
    pub method: Option<String>,
    /// Name or URI that the method applies to, such as a tool's name.
    pub subject: Option<String>,
}

impl Purpose {
    /// Creates the purpose of a request or notification with this method.
    pub fn of(method: &str) -> Self {
        Self { method: Some(method.to_owned()), subject: None }
    }

    /// Reads the purpose from a JSON-RPC body.
    pub fn of_body(body: &str) -> Self {
        let message: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let method = message["method"].as_str().map(str::to_owned);
        Self { method, ..Self::of_params("", &message["params"]) }
    }

    /// Creates the purpose of a method from the `name` or `uri` in its parameters.
    pub fn of_params(method: &str, params: &serde_json::Value) -> Self {
        let subject = params["name"].as_str().or_else(|| params["uri"].as_str());
        Self { method: Some(method.to_owned()), subject: subject.map(str::to_owned) }
    }

    /// Creates the purpose of a method applied to `subject`.
    pub fn on(method: &str, subject: &str) -> Self {
        Self { method: Some(method.to_owned()), subject: Some(subject.to_owned()) }
    }
}

impl std::fmt::Display for Purpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.method.as_deref().unwrap_or_default())?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject}")?;
        }
        Ok(())
    }
}
