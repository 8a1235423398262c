//! Cached resources, templates and prompts of a server, for shell completion.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::Record;

/// Names of the cached lists, and the member that identifies an item in each.
const LISTS: [(&str, &str); 3] =
    [("resources", "uri"), ("resourceTemplates", "uriTemplate"), ("prompts", "name")];

/// Cached names. Everything else is fetched from the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownOffers {
    format: u64,
    /// Resources, by URI.
    #[serde(default)]
    pub resources: Vec<Offer>,
    /// Resource templates.
    #[serde(default)]
    pub templates: Vec<Offer>,
    /// Prompts.
    #[serde(default)]
    pub prompts: Vec<Offer>,
}

/// One resource, template or prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Identifier used to request the item.
    pub name: String,
    /// Description in one line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Names of the arguments.
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
    /// Builds the cache from the lists that `list` returns.
    pub fn of_lists(list: impl Fn(&str) -> Vec<Value>) -> Self {
        let mut known = Self::default();
        for (key, _) in LISTS {
            known.learn(key, list(key));
        }
        known
    }

    /// Stores one list under the server's name for it. Unknown names are ignored.
    pub fn learn(&mut self, key: &str, items: impl IntoIterator<Item = Value>) {
        let Some((_, name)) = LISTS.iter().find(|(known, _)| *known == key) else { return };
        let offers = items.into_iter().filter_map(|item| Offer::of(&item, name)).collect();
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
            [
                json!({"name": "greet", "description": "Asks\nmore",
            "arguments": [{"name": "who"}, {"x": 1}]}),
                json!({"title": "nameless"}),
            ],
        );
        known.learn("resources", [json!({"uri": "a://b", "name": "b"})]);
        known.learn("other", [json!({"name": "x"})]);
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
