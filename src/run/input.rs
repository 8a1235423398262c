//! Arguments and files named on the command line.

use std::io;
use std::path::Path;

use crate::arguments::Problems;
use crate::failure::Failure;
use crate::file;

/// Reads a file named on the command line; `-` is standard input.
pub(crate) fn read_file(path: &str) -> io::Result<Vec<u8>> {
    if path == "-" {
        return file::read_stdin(file::MAX_SIZE);
    }
    file::read(Path::new(path), file::MAX_SIZE)
}

pub(crate) fn wrong_arguments(tool: &str, problems: Problems) -> Failure {
    let mut failure = Failure::usage(format!("invalid arguments for {tool}"));
    for problem in problems {
        failure = failure.with_detail(problem);
    }
    failure
}
