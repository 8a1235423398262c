//! `trace`: shows by experiment why a client fails, or diagnoses another client, recorded
//! or live.

mod audit;
mod authorization;
mod experiments;
mod ids;
mod listen;
mod probe;
mod read;
mod recipes;
mod steps;
mod verdict;

use std::path::Path;

use serde_json::{Value, json};

use crate::arguments::{ArgumentInput, Typing};
use crate::cli::Trace;
use crate::client::{EraProbe, Idempotency, RpcRequest};
use crate::diagnose::Violation;
use crate::env::Env;
use crate::exchange::{Exchange, Purpose};
use crate::exit::ExitCode;
use crate::failure::{Failure, Kind};
use crate::failure::{TargetHint, failed, quoted};
use crate::protocol::jsonrpc::call_params;
use crate::protocol::methods;
use crate::protocol::tools::Tool;
use crate::redact::Redactor;
use crate::report::{self, Ladder};
use crate::run::input::{read_file, wrong_arguments};
use crate::run::interrupt::on_ctrl_c;
use crate::run::prepare::prepare_quietly;
use crate::run::server::Server;
use crate::run::settings::{given_credentials, handshake};
use crate::run::tools::look_up;
use crate::run::{CommandError, Context, Outcome};
use crate::session::Credentials;

use probe::Probe;
use verdict::Verdict;

pub(super) fn run(context: &Context<'_>, args: &Trace) -> Outcome {
    if let Some(path) = &args.read {
        return read::run(context, args, path);
    }
    let (named, words) = target_and_words(args);
    let named = named.or_else(|| context.named());
    let target = crate::run::target::find(context, named)?;
    let mut server = prepare_quietly(context, target)?;
    server.hint.tracing = true;
    if let Some(address) = &args.listen {
        if given_credentials(context.options)? != Credentials::default() {
            let text = "--listen passes on what the client itself sends: --bearer, -H and --cert have no effect";
            return Err(Failure::usage(text).into());
        }
        return listen::run(context, args, &server, address);
    }
    let (rpc, tool) = request(context, args, &words, &mut server)?;
    if let Some(language) = args.recipe {
        return recipes::run(context, &mut server, &rpc, tool.as_ref(), language);
    }
    experiment(context, args, server, rpc, tool)
}

/// Runs the trace: sends every step, draws it as it ends, and prints the verdict.
fn experiment(
    context: &Context<'_>,
    args: &Trace,
    mut server: Server,
    rpc: RpcRequest,
    tool: Option<Tool>,
) -> Outcome {
    on_ctrl_c(&context.interrupt);
    let drawing = drawing(context, args);
    let out = &context.console.out;
    let authority = server.endpoint.authority();
    let draw = |exchanges: &[Exchange]| {
        if !context.options.wants_json() {
            // A write error is reported with the verdict.
            let redactor = context.recorder.redactor();
            let _ = draw_last(context, &drawing, &authority, exchanges, &redactor);
        }
    };
    let recipes = args.html.is_some().then(|| (rpc.clone(), tool.clone()));
    let handshake = handshake(context.options, EraProbe::Discover, &server.serving.capabilities);
    let (endpoint, http) =
        (server.client.endpoint().clone(), server.client.config().options.clone());
    let mut probe = Probe::new(&mut server.client, &handshake, rpc, tool, args.passive);
    probe.steps.watch(&draw);
    let ended = probe.run();
    let mut steps = std::mem::take(&mut probe.steps);
    let refusal =
        steps.last().filter(|last| !args.passive && authorization::is_wanted(last)).cloned();
    let way = refusal.map(|refusal| {
        let way = authorization::walk(context, &endpoint, &http, &refusal);
        steps.add(context.recorder.take_history());
        way
    });
    let (roles, exchanges) = steps.take_all();
    let mut verdict = Verdict::of(&exchanges, &roles);
    verdict.way = way;
    for departure in server.client.take_departures() {
        let (what, specification) = (departure.what, departure.specification);
        verdict.profile.violations.push(Violation { what, specification });
    }
    let redactor = context.recorder.redactor();
    if context.options.wants_json() {
        context.console.value(&document(context, &server, &exchanges, &verdict))?;
    } else if exchanges.first().is_some_and(|first| first.wire.sent > 0) {
        verdict.print(out, &exchanges, &redactor, drawing.ascii)?;
        next(context, &server.hint, &verdict);
    }
    let recipes = recipes
        .map(|(rpc, tool)| recipes::all(context, &server, &verdict.profile, &rpc, tool.as_ref()));
    write_pages(
        args,
        &report::Page {
            title: &redactor.url(server.endpoint.as_str()),
            server: &authority,
            exchanges: &exchanges,
            lines: &verdict.lines(&exchanges),
            decisive: verdict.decisive(&exchanges),
            specifications: verdict.specifications(),
            recipes: recipes.unwrap_or_default(),
            redactor: &redactor,
        },
    )?;
    match ended {
        Ok(()) => Ok(ExitCode::Success),
        Err(error) => Err(failed_at(error, &exchanges, &server).into()),
    }
}

/// Returns the failure of the last step that should have worked, with findings from all
/// exchanges.
fn failed_at(error: crate::client::Error, exchanges: &[Exchange], server: &Server) -> Failure {
    let mut failure = failed(error, &server.client, &server.hint);
    let shown = failure.exchange.as_ref().map(|exchange| exchange.number);
    if let Some(at) = exchanges.iter().position(|exchange| Some(exchange.number) == shown) {
        failure.findings = crate::diagnose::explain_at(exchanges, at);
    }
    failure
}

/// Builds the JSON document: `endpoint`, `exchanges` (as in a trace file), and the verdict.
fn document(
    context: &Context<'_>,
    server: &Server,
    exchanges: &[Exchange],
    verdict: &Verdict,
) -> Value {
    let redactor = context.recorder.redactor();
    let mut document = json!({
        "endpoint": redactor.url(server.endpoint.as_str()),
        "exchanges": report::exchanges_json(exchanges, &redactor),
    });
    let verdict = redactor.text(&verdict.to_json().to_string()).into_owned();
    if let (Some(document), Ok(Value::Object(more))) =
        (document.as_object_mut(), serde_json::from_str(&verdict))
    {
        document.extend(more);
    }
    document
}

/// Prints the commands to run next.
fn next(context: &Context<'_>, hint: &TargetHint, verdict: &Verdict) {
    let mut commands = Vec::new();
    if let Some(url) = &verdict.elsewhere {
        commands.push(format!("mcpoke trace {}", quoted(&context.recorder.redactor().url(url))));
    } else if verdict.profile.has_recipe() && hint.target == "demo" {
        // A recipe needs a server that keeps running.
        commands.push("mcpoke demo --port 8720 &".to_owned());
        commands.push("mcpoke trace http://127.0.0.1:8720/mcp --recipe python".to_owned());
    } else if verdict.profile.has_recipe() {
        commands.push(recipes::command(&hint.target));
    }
    commands.extend(verdict.why.as_ref().map(|why| format!("mcpoke explain {}", why.rule.id)));
    for (index, command) in commands.iter().enumerate() {
        let lead = if index == 0 { "\nnext: " } else { "      " };
        context.console.note(&format!("{lead}{command}"));
    }
}

/// Draws the last exchange; before the first one, also the names of both sides.
fn draw_last(
    context: &Context<'_>,
    ladder: &Ladder,
    server: &str,
    exchanges: &[Exchange],
    redactor: &Redactor,
) -> std::io::Result<()> {
    let Some((last, earlier)) = exchanges.split_last() else { return Ok(()) };
    let out = &context.console.out;
    if earlier.is_empty() {
        out.line(&ladder.head(server))?;
    }
    let rung = Ladder::describe(last, earlier, redactor);
    for line in ladder.rung(last.number, &rung) {
        out.line(&line)?;
    }
    Ok(())
}

/// Returns the ladder settings for stdout.
fn drawing(context: &Context<'_>, args: &Trace) -> Ladder {
    let out = &context.console.out;
    Ladder {
        style: out.style,
        width: usize::from(out.terminal.width.unwrap_or(80)),
        // Files and pipes get UTF-8, whatever the locale.
        ascii: args.ascii || (out.terminal.is_terminal && !shows_unicode(context.env)),
    }
}

/// Returns true if the environment permits more than ASCII on the terminal.
fn shows_unicode(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env.var(name));
    let speaks = locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    speaks && env.var("TERM") != Some("dumb")
}

/// Writes the pages of `--html` and `--markdown`.
fn write_pages(args: &Trace, page: &report::Page<'_>) -> Result<(), CommandError> {
    type Write = fn(&Path, &report::Page<'_>) -> std::io::Result<()>;
    let wanted: [(_, Write); 2] =
        [(&args.html, report::write_html), (&args.markdown, report::write_markdown)];
    for (path, write) in wanted {
        if let Some(path) = path {
            write(path, page).map_err(|error| {
                Failure::new(Kind::Output, format!("cannot write {}: {error}", path.display()))
            })?;
        }
    }
    Ok(())
}

/// Separates the target from the arguments: with `--tool`, a first word such as `key=value`
/// is an argument.
fn target_and_words(args: &Trace) -> (Option<&str>, Vec<String>) {
    let mut words = args.arguments.clone();
    match args.target.as_deref() {
        Some(word) if args.tool.is_some() && word.contains('=') && !word.contains("://") => {
            words.insert(0, word.to_owned());
            (None, words)
        }
        target => (target, words),
    }
}

/// Returns the request to trace: the named tool, or `tools/list`; on the built-in server,
/// `echo`.
fn request(
    context: &Context<'_>,
    args: &Trace,
    words: &[String],
    server: &mut Server,
) -> Result<(RpcRequest, Option<Tool>), CommandError> {
    let Some(name) = &args.tool else {
        if server.is_demo {
            let echo = json!({"name": "echo", "arguments": {"message": "hello"}});
            return Ok((RpcRequest::reading(Purpose::on(methods::CALL_TOOL, "echo"), echo), None));
        }
        return Ok((RpcRequest::list_tools(), None));
    };
    let given = ArgumentInput::read(None, words, &read_file)
        .map_err(|problems| wrong_arguments(name, problems))?;
    let tool =
        if given.needs_schema(Typing::Lenient) { look_up(context, name, server) } else { None };
    let schema = tool.as_ref().map(Tool::input_schema);
    let arguments =
        given.typed(schema, Typing::Lenient).map_err(|problems| wrong_arguments(name, problems))?;
    let (purpose, params) = (Purpose::on(methods::CALL_TOOL, name), call_params(name, &arguments));
    Ok((RpcRequest::new(purpose, params, Idempotency::NotIdempotent), tool))
}
