//! Arguments of the commands about access: approval of configuration files, and logins. Doc comments are help texts.

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
    after_help = "mcpoke finds .mcp.json in the current folder or above. Entries with headers or variables need your approval.
A changed file needs approval again. A file named with --config needs none.

Examples:
  mcpoke trust
  mcpoke trust ~/work/project/.mcp.json --yes
  mcpoke trust --list
  mcpoke trust --revoke"
)]
pub struct Trust {
    /// The file [default: the nearest .mcp.json]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Approve without asking
    #[arg(long)]
    pub yes: bool,
    /// List the approved files
    #[arg(long, conflicts_with_all = ["file", "yes", "revoke"])]
    pub list: bool,
    /// Withdraw the approval, and forget the file's servers
    #[arg(long, conflicts_with = "yes")]
    pub revoke: bool,
}

/// Log in.
#[derive(Debug, Args)]
#[command(
    after_help = "The server names its authorization server. On a terminal, a browser opens. Without one, use
--client-credentials or --idp. Options that are left out keep their saved values.

Secrets are references, resolved at each use: env:VAR, file:PATH, or ${VAR} within a text.

Examples:
  mcpoke login https://example.com/mcp
  mcpoke login --scope 'files:read files:write'
  mcpoke login https://example.com/mcp --client-credentials --client-id ci --client-secret env:SECRET
  mcpoke login https://example.com/mcp --client-credentials --client-id ci --private-key file:/run/key.pem
  mcpoke login https://example.com/mcp --idp https://sso.example.com --id-token env:ID_TOKEN --client-id cli --client-secret env:SECRET"
)]
pub struct Login {
    /// URL or saved name [default: current server]
    #[arg(value_name = "SERVER", value_hint = ValueHint::Url)]
    pub target: Option<String>,
    /// Request these scopes instead of those of the server
    #[arg(long, value_name = "SCOPES")]
    pub scope: Vec<String>,
    /// Id of a registered client [env: MCPOKE_CLIENT_ID]
    #[arg(long, value_name = "ID", help_heading = CLIENT)]
    pub client_id: Option<String>,
    /// Secret of the client [env: MCPOKE_CLIENT_SECRET]
    #[arg(long, value_name = "REFERENCE", help_heading = CLIENT)]
    pub client_secret: Option<String>,
    /// Key that signs the client's assertions (PEM)
    #[arg(long, value_name = "REFERENCE", conflicts_with = "client_secret", help_heading = CLIENT)]
    pub private_key: Option<String>,
    /// Id of that key at the authorization server
    #[arg(long, value_name = "ID", requires = "private_key", help_heading = CLIENT)]
    pub key_id: Option<String>,
    /// URL of the client's metadata [env: MCPOKE_CLIENT_METADATA_URL]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = CLIENT)]
    pub client_metadata_url: Option<String>,
    /// Register a new client, even if one is saved
    #[arg(long, help_heading = CLIENT)]
    pub register: bool,
    /// Port for the browser's redirect [default: a free port]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = CLIENT)]
    pub callback_port: Option<u16>,
    /// Log in as the client itself, without a person
    #[arg(long, help_heading = UNATTENDED)]
    pub client_credentials: bool,
    /// Issuer of the enterprise identity provider
    #[arg(long, value_name = "ISSUER", requires = "id_token", conflicts_with = "client_credentials", value_hint = ValueHint::Url, help_heading = UNATTENDED)]
    pub idp: Option<String>,
    /// Identity token of the user (OpenID Connect)
    #[arg(long, value_name = "REFERENCE", requires = "idp", help_heading = UNATTENDED)]
    pub id_token: Option<String>,
    /// Client id at the identity provider [default: --client-id]
    #[arg(long, value_name = "ID", requires = "idp", help_heading = UNATTENDED)]
    pub idp_client_id: Option<String>,
    /// Client secret at the identity provider
    #[arg(long, value_name = "REFERENCE", requires = "idp", help_heading = UNATTENDED)]
    pub idp_client_secret: Option<String>,
}

/// Give a token back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  mcpoke logout
  mcpoke logout https://example.com/mcp")]
pub struct Logout {
    /// URL or saved name [default: current server]
    #[arg(value_name = "SERVER", value_hint = ValueHint::Url)]
    pub target: Option<String>,
}

/// Print a token.
#[derive(Debug, Args)]
#[command(
    after_help = "Anyone with the token can use it. Pass it to curl on stdin, not on the command line:

Examples:
  mcpoke token --header | curl -H @- https://example.com/mcp
  mcpoke token example"
)]
pub struct Token {
    /// URL or saved name [default: current server]
    #[arg(value_name = "SERVER", value_hint = ValueHint::Url)]
    pub target: Option<String>,
    /// Print it as a header: Authorization: Bearer …
    // The option of every command under the same name takes a header to send.
    #[arg(id = "headers", long = "header", num_args = 0..=1, require_equals = true, default_missing_value = "", hide_possible_values = true)]
    pub header: Vec<String>,
}
