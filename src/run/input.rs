//! Arguments and files named on the command line.

use std::io::{self, Read as _};

use crate::arguments::Problems;
use crate::failure::Failure;

/// Reads a file named on the command line; `-` is standard input.
pub(crate) fn read_file(path: &str) -> io::Result<Vec<u8>> {
    if path == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}

pub(crate) fn wrong_arguments(tool: &str, problems: Problems) -> Failure {
    let mut failure = Failure::usage(format!("the arguments for {tool} cannot be used"));
    for problem in problems {
        failure = failure.with_detail(problem);
    }
    failure
}
