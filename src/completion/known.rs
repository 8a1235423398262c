//! Saved data about the server that a command line refers to.

use std::path::PathBuf;

use serde_json::Value;

use crate::config::{self, Reached};
use crate::demo;
use crate::diagnose;
use crate::env::Env;
use crate::protocol::schema::Schema;
use crate::protocol::tools::Tools;
use crate::redact::{Redactor, without_secrets};
use crate::session::{KnownOffers, Store, Target, resolve};

/// A value and its description.
type Choice = (String, String);

/// Number of saved servers above which their records are not read for descriptions.
const MANY: usize = 100;

/// Saved data about one server, loaded on demand.
#[derive(Clone)]
pub(super) struct Known {
    named: Option<String>,
    /// The configuration file given with `--config`.
    config: Option<PathBuf>,
    env: Env,
}

impl Known {
    /// Selects the named server, or else the current one.
    pub(super) fn of(named: Option<String>, config: Option<PathBuf>, env: &Env) -> Self {
        let named = named.or_else(|| env.var("MCPOKE_SERVER").map(str::to_owned));
        Self { named, config, env: env.clone() }
    }

    fn target(&self) -> (Store, Option<Target>) {
        let store = Store::of(&self.env);
        let target = resolve(self.named.as_deref(), None, Some(&store)).ok();
        (store, target)
    }

    /// Returns the known tools; with a name, only that tool.
    fn known_tools(&self, wanted: Option<&str>) -> Tools {
        match self.target() {
            (_, Some(Target::Demo)) => demo::tools(),
            (store, Some(Target::Saved(record, _))) => {
                let known = store.load_tools(&record.name, wanted, self.env.started).ok().flatten();
                known.map(|known| known.tools).unwrap_or_default()
            }
            _ => Tools::default(),
        }
    }

    fn offers(&self) -> KnownOffers {
        match self.target() {
            (_, Some(Target::Demo)) => KnownOffers::of_lists(demo::offers),
            (store, Some(Target::Saved(record, _))) => {
                store.load_offers(&record.name).ok().flatten().unwrap_or_default()
            }
            _ => KnownOffers::default(),
        }
    }

    pub(super) fn servers(&self) -> Vec<Choice> {
        let store = Store::of(&self.env);
        let names = store.names().unwrap_or_default();
        let is_many = names.len() > MANY;
        let about = |name: &str| {
            let record = if is_many { None } else { store.load(name).ok().flatten() };
            let shown = record.map(|record| {
                let mut redactor = Redactor::new(false);
                record.teach(&mut redactor);
                redactor.url(&record.url)
            });
            shown.unwrap_or_default()
        };
        let demo = ("demo".to_owned(), "the built-in server".to_owned());
        let known = names.into_iter().map(|name| {
            let about = about(&name);
            (name, about)
        });
        let folder = std::env::current_dir().unwrap_or_default();
        let found = config::find(self.config.as_deref(), &self.env, &folder);
        let configured = found.servers.into_iter().filter_map(|server| match server.reached {
            Reached::Http(remote) => Some((server.name, without_secrets(&remote.url))),
            Reached::Stdio(_) | Reached::Unusable(_) => None,
        });
        let mut all: Vec<Choice> = std::iter::once(demo).chain(known).collect();
        for one in configured {
            // A saved name takes precedence over a configured one.
            if all.iter().all(|(name, _)| *name != one.0) {
                all.push(one);
            }
        }
        all
    }

    pub(super) fn tools(&self) -> Vec<Choice> {
        let tools = self.known_tools(None);
        tools.iter().map(|tool| (tool.name, tool.description.unwrap_or_default())).collect()
    }

    pub(super) fn resources(&self) -> Vec<Choice> {
        let offers = self.offers();
        let whole = offers.resources.iter().map(|one| (one.name.clone(), one.about.clone()));
        // Offer the part of a template before its first variable.
        let begun = offers.templates.iter().filter_map(|one| {
            let (start, _) = one.name.split_once('{')?;
            Some((start.to_owned(), one.name.clone()))
        });
        whole.chain(begun).collect()
    }

    pub(super) fn tasks(&self) -> Vec<Choice> {
        let (store, Some(Target::Saved(record, _))) = self.target() else { return Vec::new() };
        let ids = store.tasks(&record.name).unwrap_or_default();
        ids.into_iter().map(|id| (id, String::new())).collect()
    }

    pub(super) fn prompts(&self) -> Vec<Choice> {
        self.offers().prompts.into_iter().map(|one| (one.name, one.about)).collect()
    }

    /// Returns the prompts and templates that have completable arguments.
    pub(super) fn references(&self) -> Vec<Choice> {
        let offers = self.offers();
        let all = offers.prompts.into_iter().chain(offers.templates);
        all.map(|one| (one.name, one.about)).collect()
    }

    /// Returns a tool's parameters, or the values of the one being typed.
    pub(super) fn tool_arguments(&self, tool: &str, typed: &str) -> Vec<Choice> {
        let Some(tool) = self.known_tools(Some(tool)).find(tool) else {
            return Vec::new();
        };
        let schema = Schema::new(tool.input_schema());
        if let Some((key, _)) = typed.split_once('=') {
            let choices = schema.property(key).map(Schema::choices).unwrap_or_default();
            let word = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let choices =
                choices.iter().map(|value| (format!("{key}={}", word(value)), String::new()));
            return choices.collect();
        }
        let about = |name: &str| schema.property(name).and_then(Schema::description);
        schema
            .property_names()
            .into_iter()
            .map(|name| (format!("{name}="), about(name).unwrap_or_default().to_owned()))
            .collect()
    }

    pub(super) fn prompt_arguments(&self, prompt: &str) -> Vec<Choice> {
        let offers = self.offers();
        if let Some(template) = offers.templates.iter().find(|one| one.name == prompt) {
            let names = template.name.split('{').skip(1).filter_map(|rest| rest.split('}').next());
            return names.map(|name| (format!("{name}="), String::new())).collect();
        }
        let found = offers.prompts.iter().find(|one| one.name == prompt);
        let arguments = found.map(|one| one.arguments.as_slice()).unwrap_or_default();
        arguments.iter().map(|name| (format!("{name}="), String::new())).collect()
    }
}

/// Returns the rules of the diagnosis.
pub(super) fn rules() -> Vec<Choice> {
    diagnose::rules().map(|rule| (rule.id.to_string(), rule.title.to_owned())).collect()
}
