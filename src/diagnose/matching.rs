//! Search for the rules that fit a text.

use super::id::RuleId;
use super::rule::Rule;

/// Returns the rules that match a text: a message of a server, a status, a JSON-RPC code or a word; the best
/// match first.
pub fn matching(text: &str) -> Vec<&'static Rule> {
    let parts = |text: &str| -> Vec<String> {
        let text = text.to_lowercase();
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        words.map(|word| word.trim_matches('-').to_owned()).filter(|word| word.len() > 1).collect()
    };
    let asked: Vec<String> =
        parts(text).into_iter().filter(|word| !COMMON.contains(&word.as_str())).collect();
    let score = |rule: &Rule| -> usize {
        let id = rule.id.as_str();
        let (title, rest) = (parts(rule.title), parts(&format!("{} {}", rule.means, rule.about)));
        asked
            .iter()
            .map(|word| {
                let stem = word.get(..5).unwrap_or(word);
                let has = |words: &[String]| words.iter().any(|known| known.starts_with(stem));
                usize::from(id.contains(stem)) * 6
                    + usize::from(has(&title)) * 3
                    + usize::from(has(&rest)) * 2
            })
            .sum()
    };
    // A whole sentence of a server that a rule quotes is worth more than single words.
    let whole = text.trim().to_lowercase();
    let quotes = |rule: &Rule| {
        let about = format!("{} {}", rule.about, rule.means).to_lowercase();
        usize::from(whole.len() > 8 && about.contains(&whole)) * 20
    };
    let named = |rule: &Rule| {
        let usual = USUAL.iter().filter(|(word, _)| {
            asked.iter().any(|asked| asked == word) || (word.contains(' ') && whole.contains(word))
        });
        let places = usual.filter_map(|(_, ids)| ids.iter().position(|id| *id == rule.id));
        places.map(|place| 20 - 2 * place).sum::<usize>()
    };
    let mut found: Vec<(usize, &'static Rule)> = super::rules()
        .filter(|rule| rule.id != RuleId::Unknown)
        .map(|rule| (score(rule) + quotes(rule) + named(rule), rule))
        .filter(|(score, _)| *score >= 2)
        .collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, rule)| rule).collect()
}

/// The usual causes of a status, a code or a phrase, the most frequent first.
const USUAL: &[(&str, &[RuleId])] = &[
    (
        "400",
        &[
            RuleId::SessionMissing,
            RuleId::SessionExpired,
            RuleId::VersionMissing,
            RuleId::BodyNotAccepted,
        ],
    ),
    ("401", &[RuleId::AuthRequired, RuleId::AuthTokenExpired, RuleId::SessionExpired]),
    (
        "403",
        &[RuleId::AuthScope, RuleId::OriginRejected, RuleId::HostRejected, RuleId::AuthRequired],
    ),
    ("404", &[RuleId::SessionExpired, RuleId::WrongPath, RuleId::SessionMissing]),
    ("405", &[RuleId::LegacySseOnly, RuleId::Stateless, RuleId::WrongPath]),
    ("406", &[RuleId::Accept]),
    ("410", &[RuleId::SessionExpired]),
    ("413", &[RuleId::BodyTooLarge]),
    ("415", &[RuleId::ContentType]),
    ("421", &[RuleId::HostRejected]),
    ("422", &[RuleId::SessionMissing, RuleId::BodyNotAccepted]),
    ("429", &[RuleId::RateLimited]),
    ("500", &[RuleId::SessionMissing, RuleId::Rejected, RuleId::SharedTransport]),
    ("502", &[RuleId::UpstreamDown]),
    ("503", &[RuleId::UpstreamDown, RuleId::RateLimited, RuleId::TemporaryFailure]),
    ("504", &[RuleId::UpstreamDown]),
    ("32000", &[RuleId::SessionMissing, RuleId::SessionExpired, RuleId::Accept]),
    ("32001", &[RuleId::SessionExpired]),
    ("32600", &[RuleId::SessionMissing, RuleId::BodyNotAccepted, RuleId::RequestIdType]),
    ("32601", &[RuleId::ModernOnly, RuleId::InitializeRefused]),
    ("32602", &[RuleId::EnvelopeMissing, RuleId::NotInitialized]),
    ("32603", &[RuleId::Rejected, RuleId::SessionMissing]),
    ("32700", &[RuleId::BodyNotAccepted]),
    ("32020", &[RuleId::HeaderMismatch]),
    ("32022", &[RuleId::ModernOnly, RuleId::VersionUnsupported]),
    ("timeout", &[RuleId::StreamBuffered, RuleId::UpstreamDown, RuleId::Unreachable]),
    ("handshake", &[RuleId::HandshakeMissing, RuleId::NotInitialized, RuleId::SessionMissing]),
    ("not connected", &[RuleId::SessionMissing]),
    ("unknown client", &[RuleId::SessionMissing]),
    ("not initialized", &[RuleId::SessionMissing, RuleId::NotInitialized]),
    ("already initialized", &[RuleId::SharedTransport, RuleId::AlreadyInitialized]),
    ("no valid session", &[RuleId::SessionMissing, RuleId::SessionExpired]),
];

/// Words that tell no rule apart.
const COMMON: [&str; 24] = [
    "the", "is", "no", "not", "of", "to", "in", "for", "and", "was", "be", "with", "on", "an",
    "it", "bad", "request", "error", "server", "http", "provided", "valid", "header", "mcp",
];
