//! What the commands about access take: approval of configuration files, and logins. A doc comment is the help
//! text of what it stands above.

#![allow(
    clippy::doc_markdown,
    clippy::doc_lazy_continuation,
    rustdoc::bare_urls,
    reason = "help for people"
)]

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Help headings of options.
const CLIENT: &str = "Client";
const UNATTENDED: &str = "Unattended";

/// Approve a configuration file.
#[derive(Debug, Args)]
#[command(
    after_help = "A .mcp.json that was found in a project may send headers, values of your environment and \
texts of an editor's questions only after you have approved it. A changed file has to be approved again. A file \
that is named with --config needs no approval.

Examples:
  mcpoke trust
  mcpoke trust ~/work/project/.mcp.json --yes
  mcpoke trust --list
  mcpoke trust --revoke"
)]
pub struct Trust {
    /// The file; the nearest .mcp.json if left out
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Approve without asking
    #[arg(long)]
    pub yes: bool,
    /// List the approved files
    #[arg(long, conflicts_with_all = ["file", "yes", "revoke"])]
    pub list: bool,
    /// Withdraw the approval
    #[arg(long, conflicts_with = "yes")]
    pub revoke: bool,
}

/// Log in.
#[derive(Debug, Args)]
#[command(
    after_help = "Who gives tokens is found out from the server. In a terminal a browser opens
there; without one, the client has to have credentials of its own, or an enterprise's identity provider
answers for its user. Where nothing is said, what was said the last time holds.

Secrets are given as references, and looked up each time: env:VAR, file:PATH, or ${VAR} within a text.

Examples:
  mcpoke login https://example.com/mcp
  mcpoke login --scope 'files:read files:write'
  mcpoke login https://example.com/mcp --client-credentials --client-id ci --client-secret env:SECRET
  mcpoke login https://example.com/mcp --client-credentials --client-id ci --private-key file:/run/key.pem
  mcpoke login https://example.com/mcp --idp https://sso.example.com --id-token env:ID_TOKEN --client-id cli --client-secret env:SECRET"
)]
pub struct Login {
    /// A URL or a name; the current server if left out
    #[arg(value_name = "SERVER", value_hint = ValueHint::Url)]
    pub target: Option<String>,
    /// What the token is to allow, instead of what the server asks for
    #[arg(long, value_name = "SCOPES")]
    pub scope: Vec<String>,
    /// The id of a client that is registered with the authorization server [env: MCPOKE_CLIENT_ID]
    #[arg(long, value_name = "ID", help_heading = CLIENT)]
    pub client_id: Option<String>,
    /// Its secret, as a reference [env: MCPOKE_CLIENT_SECRET, the secret itself]
    #[arg(long, value_name = "REFERENCE", help_heading = CLIENT)]
    pub client_secret: Option<String>,
    /// The key that it signs with, as a reference to its PEM text
    #[arg(long, value_name = "REFERENCE", conflicts_with = "client_secret", help_heading = CLIENT)]
    pub private_key: Option<String>,
    /// The name of that key at the authorization server
    #[arg(long, value_name = "ID", requires = "private_key", help_heading = CLIENT)]
    pub key_id: Option<String>,
    /// Where the client's metadata are, for servers that know clients by them [env: MCPOKE_CLIENT_METADATA_URL]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = CLIENT)]
    pub client_metadata_url: Option<String>,
    /// Register with the authorization server anew, whatever is remembered
    #[arg(long, help_heading = CLIENT)]
    pub register: bool,
    /// The port on this machine that the browser comes back to [default: a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = CLIENT)]
    pub callback_port: Option<u16>,
    /// The client asks for itself: no person, and no browser
    #[arg(long, help_heading = UNATTENDED)]
    pub client_credentials: bool,
    /// The enterprise's identity provider that answers for its user
    #[arg(long, value_name = "ISSUER", requires = "id_token", conflicts_with = "client_credentials", value_hint = ValueHint::Url, help_heading = UNATTENDED)]
    pub idp: Option<String>,
    /// What it has given that user, an OpenID Connect identity token, as a reference
    #[arg(long, value_name = "REFERENCE", requires = "idp", help_heading = UNATTENDED)]
    pub id_token: Option<String>,
    /// The client's id there [default: that of --client-id]
    #[arg(long, value_name = "ID", requires = "idp", help_heading = UNATTENDED)]
    pub idp_client_id: Option<String>,
    /// Its secret there, as a reference
    #[arg(long, value_name = "REFERENCE", requires = "idp", help_heading = UNATTENDED)]
    pub idp_client_secret: Option<String>,
}

/// Give a token back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke logout
  mcpoke logout https://example.com/mcp")]
pub struct Logout {
    /// A URL or a name; the current server if left out
    #[arg(value_name = "SERVER", value_hint = ValueHint::Url)]
    pub target: Option<String>,
}

/// Print a token.
#[derive(Debug, Args)]
#[command(
    after_help = "Whoever sees it can use it. On standard input of curl's it is on no command line:

Examples:
  mcpoke token --header | curl -H @- https://example.com/mcp
  mcpoke token example"
)]
pub struct Token {
    /// A URL or a name; the current server if left out
    #[arg(value_name = "SERVER", value_hint = ValueHint::Url)]
    pub target: Option<String>,
    // The option of every command under the same name takes a header to send.
    /// Print it as a header: Authorization: Bearer …
    #[arg(id = "headers", long = "header", num_args = 0..=1, require_equals = true, default_missing_value = "", hide_possible_values = true)]
    pub header: Vec<String>,
}
