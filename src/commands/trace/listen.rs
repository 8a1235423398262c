//! `trace --listen`: relays another client's requests and diagnoses them live.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::audit::ClientAudit;
use super::{drawing, write_pages};
use crate::cli::Trace;
use crate::diagnose::{self, RuleId, Window};
use crate::exchange::{Exchange, Recorder};
use crate::exit::ExitCode;
use crate::failure::quoted;
use crate::failure::{Failure, Kind};
use crate::output::{Paint, Stream, one_line};
use crate::relay::Relay;
use crate::report::{self, Ladder};
use crate::run::server::Server;
use crate::run::{Context, Outcome};

pub(super) fn run(context: &Context<'_>, args: &Trace, server: &Server, address: &str) -> Outcome {
    let listener = bind(address, args.anyone)?;
    let here = listener.local_addr()?;
    let endpoint = server.endpoint.clone();
    let target = context.recorder.redactor().url(endpoint.as_str());
    let path = endpoint.as_str().strip_prefix(&endpoint.origin()).unwrap_or_default();
    let path = context.recorder.redactor().url(path);
    let log = Arc::new(Mutex::new(Log {
        exchanges: Vec::new(),
        window: Window::default(),
        told: Vec::new(),
        undecided: Vec::new(),
        has_new_probe: false,
        agent: String::new(),
        ladder: (!context.options.wants_json()).then(|| drawing(context, args)),
        server: endpoint.authority(),
        out: context.console.out.clone(),
        recorder: context.recorder.clone(),
    }));
    let watched = Arc::clone(&log);
    let relay = Relay::new(
        endpoint,
        server.client.config().options.clone(),
        context.recorder.clone(),
        args.anyone,
        move |exchange| {
            let mut log = watched.lock().unwrap_or_else(PoisonError::into_inner);
            // The exchange is recorded even if it cannot be printed.
            let _ = log.add(exchange);
            if std::mem::take(&mut log.has_new_probe) {
                let later = Arc::clone(&watched);
                std::thread::spawn(move || {
                    std::thread::sleep(FALLBACK_WINDOW);
                    let mut log = later.lock().unwrap_or_else(PoisonError::into_inner);
                    let _ = log.decide();
                });
            }
        },
    );
    context
        .console
        .err
        .line(&format!("listening on http://{here}{path} → {target}     (Ctrl-C ends)"))?;
    relay.run(listener)?;
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    summary(context, args, &log, &target)
}

/// Time that a client has to fall back to the handshake before its modern request is judged.
const FALLBACK_WINDOW: Duration = Duration::from_secs(2);

/// Prints the summary, and writes the pages of `--html` and `--markdown`.
fn summary(context: &Context<'_>, args: &Trace, log: &Log, target: &str) -> Outcome {
    let exchanges = &log.exchanges;
    let (conduct, redactor) = (ClientAudit::of(exchanges), context.recorder.redactor());
    write_pages(args, &conduct.page(exchanges, target, &log.server, &conduct.lines(), &redactor))?;
    if context.options.wants_json() {
        let told = report::exchanges_json(exchanges, &redactor);
        let mut document = json!({"endpoint": target, "exchanges": told});
        document["findings"] = conduct.to_json();
        context.console.value(&document)?;
        return Ok(ExitCode::Success);
    }
    let ascii = log.ladder.as_ref().is_some_and(|ladder| ladder.ascii);
    conduct.print(&context.console.out, &redactor, ascii)?;
    if let Some(top) = conduct.findings.first() {
        let target = quoted(target);
        context.console.note(&format!("\nnext: mcpoke trace {target}"));
        let recipe = super::recipes::command(&target);
        context.console.note(&format!("      {recipe}  prints a client that works"));
        context.console.note(&format!("      mcpoke explain {}", top.rule.id));
    }
    Ok(ExitCode::Success)
}

/// Listens on `PORT`, `:PORT` or `ADDRESS:PORT`. Without `anyone`, only loopback addresses
/// are permitted.
fn bind(text: &str, anyone: bool) -> Result<TcpListener, Failure> {
    let full = match text.strip_prefix(':').unwrap_or(text) {
        port if port.bytes().all(|byte| byte.is_ascii_digit()) => format!("127.0.0.1:{port}"),
        _ => text.to_owned(),
    };
    let wrong = |error: io::Error| {
        Failure::usage(format!("--listen {}: {error}", one_line(text))).with_detail(
            "It is PORT or ADDRESS:PORT, such as 127.0.0.1:8808; port 0 takes a free one.",
        )
    };
    let addresses: Vec<SocketAddr> = full.to_socket_addrs().map_err(wrong)?.collect();
    if !anyone && addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(Failure::usage(format!("--listen {full}: other machines could connect there"))
            .with_detail("What they send would reach the server as if it came from here.")
            .with_next("repeat with --anyone", "lets them"));
    }
    TcpListener::bind(addresses.as_slice()).map_err(|error| {
        Failure::new(Kind::Unreachable, format!("cannot listen on {full}: {error}"))
            .with_next("repeat with port 0", "takes a free one")
    })
}

/// The exchanges seen so far, and how they are shown.
struct Log {
    /// Exchanges in the order in which they began.
    exchanges: Vec<Exchange>,
    /// The latest of them, for what is printed at once.
    window: Window,
    /// Findings that were printed already.
    told: Vec<RuleId>,
    /// Numbers of the modern requests that failed, each with its end, until the same client's next request
    /// shows whether it falls back to the handshake, or until it has had the time to.
    undecided: Vec<(usize, Instant)>,
    /// A number was just added to them.
    has_new_probe: bool,
    /// The `User-Agent` of the last client.
    agent: String,
    /// `None` with JSON output, which is printed at the end.
    ladder: Option<Ladder>,
    server: String,
    out: Stream,
    recorder: Recorder,
}

impl Log {
    fn add(&mut self, mut exchange: Exchange) -> io::Result<()> {
        exchange.cut_request();
        self.recorder.learn(|redactor| exchange.teach(redactor));
        let place = self.window.add(&exchange);
        let at = self.exchanges.partition_point(|earlier| earlier.number < exchange.number);
        // An earlier exchange may still be running, and may be the missing one: the summary decides.
        let is_complete = exchange.number == at + 1;
        self.exchanges.insert(at, exchange);
        self.show(place, is_complete)
    }

    /// Prints the exchange at this place of the window.
    fn show(&mut self, place: usize, is_complete: bool) -> io::Result<()> {
        let Some(ladder) = &self.ladder else { return Ok(()) };
        let recent = self.window.exchanges();
        let (redactor, exchange) = (self.recorder.redactor(), &recent[place]);
        if self.exchanges.len() == 1 {
            self.out.line(&ladder.head(&self.server))?;
        }
        let agent = exchange.request.header("user-agent").unwrap_or("a client without a name");
        if agent != self.agent {
            self.agent = agent.to_owned();
            self.out.line(&format!("       {}", one_line(&redactor.text(agent))))?;
        }
        let rung = Ladder::describe(exchange, &recent[..place], &redactor);
        for line in ladder.rung(exchange.number, &rung) {
            self.out.line(&line)?;
        }
        let number = exchange.number;
        let is_refused_probe =
            diagnose::is_modern_probe(exchange) && !diagnose::explain_at(recent, place).is_empty();
        if is_refused_probe {
            self.undecided.push((number, Instant::now()));
            self.has_new_probe = true;
            return Ok(());
        }
        let is_permitted = diagnose::is_permitted_refusal(exchange);
        self.decide()?;
        if is_permitted { Ok(()) } else { self.tell(place, is_complete) }
    }

    /// Prints the findings of modern requests after which the client did not fall back to the handshake.
    fn decide(&mut self) -> io::Result<()> {
        for (number, since) in std::mem::take(&mut self.undecided) {
            let recent = self.window.exchanges();
            let place = self.window.position(number);
            let Some(place) = place.filter(|at| !diagnose::fell_back(recent, *at)) else {
                continue;
            };
            let is_over = since.elapsed() >= FALLBACK_WINDOW
                || diagnose::next_request(recent, place).is_some();
            if is_over {
                self.tell(place, true)?;
            } else {
                self.undecided.push((number, since));
            }
        }
        Ok(())
    }

    /// Prints the findings of one exchange, each rule in full only once.
    fn tell(&mut self, place: usize, is_complete: bool) -> io::Result<()> {
        let redactor = self.recorder.redactor();
        let recent = self.window.exchanges();
        let top = diagnose::explain_at(recent, place).into_iter().next();
        let conduct = if is_complete { diagnose::conduct_at(recent, place) } else { Vec::new() };
        let conduct = conduct
            .into_iter()
            .filter(|found| !self.told.contains(&found.rule.id))
            .collect::<Vec<_>>();
        for finding in top.into_iter().chain(conduct) {
            let number = recent[place].number;
            let text = if self.told.contains(&finding.rule.id) {
                format!("{number} {}: the same", finding.rule.id)
            } else {
                let because =
                    if finding.because.is_empty() { finding.rule.title } else { &finding.because };
                format!("{number} {} ({}): {because}", finding.rule.id, finding.certainty.as_str())
            };
            if !self.told.contains(&finding.rule.id) {
                self.told.push(finding.rule.id);
            }
            let text = one_line(&redactor.text(&text));
            self.out.line(&format!("         {}", self.out.style.paint(Paint::Notable, &text)))?;
        }
        Ok(())
    }
}
