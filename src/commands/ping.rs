//! `ping`: checks that the server responds, and measures the time.

use crate::client::EraProbe;
use crate::exit::ExitCode;
use crate::output::duration;
use crate::run::connect::with_server;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>) -> Outcome {
    with_server(context, EraProbe::Discover, |server| {
        let exchange = server.client.ping().map_err(|error| server.fail(error))?;
        let took = exchange.times.done.unwrap_or_default();
        let url = context.recorder.redactor().url(server.client.endpoint().as_str());
        if context.options.wants_json() {
            let ms = (took.as_secs_f64() * 1e6).round() / 1e3;
            context.console.value(&serde_json::json!({"endpoint": url, "milliseconds": ms}))?;
        } else {
            context.console.line(&format!("{url} answered in {}", duration(took)))?;
        }
        Ok(ExitCode::Success)
    })
}
