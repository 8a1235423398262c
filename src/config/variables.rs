//! Conversion of other programs' variables to `${NAME}` and `${NAME:-default}`, which are
//! expanded when a header is sent.

use std::path::Path;

use serde_json::Value;

use crate::env::Env;

/// Values for the variables in one file.
pub(super) struct Variables<'v> {
    pub(super) env: &'v Env,
    /// The project directory of the file.
    pub(super) folder: &'v Path,
    /// The `inputs` of VS Code.
    pub(super) inputs: &'v [Value],
}

/// Variables of the editor that one entry uses.
#[derive(Default)]
pub(super) struct Used {
    /// Environment variables that replace the prompts of an editor, with the text of the prompt.
    pub(super) asked: Vec<(String, String)>,
    /// Variables of the editor for folders.
    pub(super) folders: Vec<String>,
}

impl Variables<'_> {
    /// Converts the variables of a template; adds those of an editor to `used`.
    pub(super) fn own(&self, template: &str, used: &mut Used) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((inside, tail)) = after.split_once('}') else {
                out.push_str("${");
                out.push_str(after);
                return out;
            };
            out.push_str(&self.one(inside, used));
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    fn one(&self, inside: &str, used: &mut Used) -> String {
        if let Some(name) = inside.strip_prefix("env:") {
            // In VS Code and Windsurf, an unset variable is empty. Here it is an error, because an
            // empty credential is useless.
            return format!("${{{name}}}");
        }
        if let Some(id) = inside.strip_prefix("input:") {
            let input = self.inputs.iter().find(|input| input["id"] == id);
            let question = input.and_then(|input| input["description"].as_str());
            let variable = input_variable(id);
            used.asked.push((variable.clone(), question.unwrap_or(id).to_owned()));
            let is_secret = input.is_some_and(|input| input["password"] == true);
            let default = input.and_then(|input| input["default"].as_str());
            // A brace would end the variable early.
            return match default.filter(|default| !is_secret && !default.contains('}')) {
                Some(default) => format!("${{{variable}:-{default}}}"),
                None => format!("${{{variable}}}"),
            };
        }
        if matches!(inside, "workspaceFolder" | "userHome") {
            used.folders.push(inside.to_owned());
        }
        match inside {
            "workspaceFolder" => self.folder.display().to_string(),
            "userHome" => self.env.var("HOME").unwrap_or_default().to_owned(),
            "pathSeparator" | "/" => std::path::MAIN_SEPARATOR.to_string(),
            other => format!("${{{other}}}"),
        }
    }
}

/// Returns true for a variable that the editor itself gives a value.
pub(super) fn is_of_editor(name: &str) -> bool {
    matches!(name, "workspaceFolder" | "userHome" | "pathSeparator" | "/")
}

/// Returns the environment variable that replaces a prompt of VS Code.
fn input_variable(id: &str) -> String {
    let letters =
        id.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
    format!("MCPOKE_INPUT_{}", letters.collect::<String>().to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_programs_variables_become_our_own() {
        let env = Env::of(&[("HOME", "/home/me")]);
        let inputs = [
            json!({"id": "api-key", "description": "Your key", "password": true, "default": "no"}),
            json!({"id": "host", "default": "example.com"}),
            json!({"id": "odd", "default": "a}b"}),
        ];
        let variables = Variables { env: &env, folder: Path::new("/p"), inputs: &inputs };
        let mut used = Used::default();
        let mut own = |template: &str| variables.own(template, &mut used);
        assert_eq!(own("Bearer ${TOKEN}"), "Bearer ${TOKEN}");
        assert_eq!(own("${A:-b}/${env:C}"), "${A:-b}/${C}");
        assert_eq!(own("${userHome}${/}x ${workspaceFolder}"), "/home/me/x /p");
        assert_eq!(own("${input:api-key}"), "${MCPOKE_INPUT_API_KEY}");
        assert_eq!(own("https://${input:host}/"), "https://${MCPOKE_INPUT_HOST:-example.com}/");
        assert_eq!(own("${input:odd}"), "${MCPOKE_INPUT_ODD}");
        assert_eq!(own("$5 ${ open"), "$5 ${ open");
        assert_eq!(used.folders, ["userHome", "workspaceFolder"]);
        assert_eq!(used.asked[0], ("MCPOKE_INPUT_API_KEY".to_owned(), "Your key".to_owned()));
    }
}
