//! What a server offers besides tools, as far as completion on a command line needs it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::Record;

/// The lists that are kept: what the server calls them, and where each item's name stands.
const LISTS: [(&str, &str); 3] =
    [("resources", "uri"), ("resourceTemplates", "uriTemplate"), ("prompts", "name")];

/// Names alone: whoever wants more asks the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOffers {
    format: u64,
    /// Resources, by their addresses.
    #[serde(default)]
    pub resources: Vec<Offer>,
    /// Templates of resources.
    #[serde(default)]
    pub templates: Vec<Offer>,
    /// Prompts.
    #[serde(default)]
    pub prompts: Vec<Offer>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What it is asked for by.
    pub name: String,
    /// What it is, in a line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The names of its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
}

impl Default for KnownOffers {
    fn default() -> Self {
        let none = Vec::new;
        Self { format: Record::FORMAT, resources: none(), templates: none(), prompts: none() }
    }
}

impl KnownOffers {
    /// Of all lists that `list` gives.
    pub fn of_lists(list: impl Fn(&str) -> Vec<Value>) -> Self {
        let mut known = Self::default();
        for (key, _) in LISTS {
            known.learn(key, &list(key));
        }
        known
    }

    /// Takes note of a list: what the server calls it, and its items. What it calls otherwise is nothing to
    /// take note of.
    pub fn learn(&mut self, key: &str, items: &[Value]) {
        let Some((_, name)) = LISTS.iter().find(|(known, _)| *known == key) else { return };
        let offers = items.iter().filter_map(|item| Offer::of(item, name)).collect();
        match key {
            "resources" => self.resources = offers,
            "prompts" => self.prompts = offers,
            _ => self.templates = offers,
        }
    }
}

impl Offer {
    fn of(item: &Value, name: &str) -> Option<Self> {
        let texts = ["description", "title", "name"].map(|key| item[key].as_str());
        let about = texts.into_iter().flatten().find(|text| !text.is_empty());
        let about = about.and_then(|text| text.lines().next()).unwrap_or_default();
        let arguments = item["arguments"].as_array().into_iter().flatten();
        Some(Self {
            name: item[name].as_str()?.to_owned(),
            about: about.to_owned(),
            arguments: arguments
                .filter_map(|one| one["name"].as_str())
                .map(str::to_owned)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_kept_and_what_they_are() {
        let mut known = KnownOffers::default();
        known.learn(
            "prompts",
            &[
                json!({"name": "greet", "description": "Asks\nmore",
            "arguments": [{"name": "who"}, {"x": 1}]}),
                json!({"title": "nameless"}),
            ],
        );
        known.learn("resources", &[json!({"uri": "a://b", "name": "b"})]);
        known.learn("other", &[json!({"name": "x"})]);
        assert_eq!(known.prompts.len(), 1);
        assert_eq!(
            (known.prompts[0].about.as_str(), &known.prompts[0].arguments[..]),
            ("Asks", &["who".to_owned()][..])
        );
        assert_eq!(known.resources[0].name, "a://b");
        let text = serde_json::to_string(&known).unwrap();
        assert_eq!(serde_json::from_str::<KnownOffers>(&text).unwrap(), known);
    }
}
