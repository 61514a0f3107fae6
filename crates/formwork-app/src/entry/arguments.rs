//! The command line every service has.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::ServiceInfo;

/// What the command line says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    pub(super) action: Action,
    pub(super) config: Option<PathBuf>,
    pub(super) profile: Option<String>,
    pub(super) secrets: Option<PathBuf>,
    pub(super) settings: Vec<String>,
    pub(super) timeline: bool,
}

/// What to do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    #[default]
    Run,
    Check,
    PrintConfig,
    PrintGraph,
    PrintSample,
    PrintSchema,
    PrintReference,
    Help,
    Version,
}

/// Why a command line makes no sense. Values are not repeated: one may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArgumentsError {
    #[error("`{0}` is no option")]
    Unknown(String),
    #[error("`{0}` wants a value")]
    NoValue(String),
    #[error("`{0}` wants no value")]
    Value(String),
    #[error("`{0}` is given twice")]
    Twice(String),
    #[error("`{0}` goes with nothing else to do")]
    Several(String),
    #[error("the value of `{0}` is not valid Unicode")]
    NotUnicode(String),
    #[error("there are no arguments other than options")]
    Positional,
}

pub(super) fn help(service: &ServiceInfo) -> String {
    let name = &service.name;
    format!(
        "\
Usage: {name} [OPTIONS]

Options:
      --config <PATH>      the directory of configuration files, or the base file [default: config]
      --profile <NAME>     also read the profile's file, `NAME.toml`
      --secrets <DIR>      a directory of files that hold one value each
      --set <KEY=VALUE>    set a value, such as `app.drain-delay=5s`; may be repeated
      --timeline           run, and print when each module started once all have
      --check-config       load, validate and wire, then end
      --print-config       print every value and where it came from
      --print-graph        print the modules and what ties them, as Mermaid
      --print-sample       print a configuration file with everything in it
      --print-schema       print the JSON Schema of the configuration file
      --print-reference    print the reference of the configuration, as Markdown
  -h, --help               print this
  -V, --version            print the version
"
    )
}

impl Arguments {
    pub(super) fn read(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, ArgumentsError> {
        let mut read = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let argument = argument
                .into_string()
                .map_err(|_| ArgumentsError::Positional)?;
            let (option, inline) = match argument.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (argument.as_str(), None),
            };
            let action = action(option);
            if inline.is_some() && (action.is_some() || option == "--timeline") {
                return Err(ArgumentsError::Value(option.to_owned()));
            }
            if option == "--timeline" {
                read.timeline = true;
                continue;
            }
            if let Some(action) = action {
                read.act(action, option)?;
                continue;
            }
            if !matches!(option, "--config" | "--profile" | "--secrets" | "--set") {
                return Err(if option.starts_with('-') {
                    ArgumentsError::Unknown(option.to_owned())
                } else {
                    ArgumentsError::Positional
                });
            }
            let value = match inline {
                Some(value) => OsString::from(value),
                None => arguments
                    .next()
                    .ok_or_else(|| ArgumentsError::NoValue(option.to_owned()))?,
            };
            read.take(option, value)?;
        }
        Ok(read)
    }

    fn act(&mut self, action: Action, option: &str) -> Result<(), ArgumentsError> {
        match (self.action, action) {
            // Whoever asks for help gets it, whatever else is there.
            (_, Action::Help) | (Action::Run, _) => self.action = action,
            (Action::Help, _) => {}
            _ => return Err(ArgumentsError::Several(option.to_owned())),
        }
        Ok(())
    }

    fn take(&mut self, option: &str, value: OsString) -> Result<(), ArgumentsError> {
        let text = |value: OsString| {
            let text = value.into_string();
            text.map_err(|_| ArgumentsError::NotUnicode(option.to_owned()))
        };
        let taken = match option {
            "--config" => self.config.replace(value.into()).is_some(),
            "--profile" => self.profile.replace(text(value)?).is_some(),
            "--secrets" => self.secrets.replace(value.into()).is_some(),
            _ => {
                self.settings.push(text(value)?);
                false
            }
        };
        if taken {
            return Err(ArgumentsError::Twice(option.to_owned()));
        }
        Ok(())
    }
}

fn action(option: &str) -> Option<Action> {
    match option {
        "--check-config" => Some(Action::Check),
        "--print-config" => Some(Action::PrintConfig),
        "--print-graph" => Some(Action::PrintGraph),
        "--print-sample" => Some(Action::PrintSample),
        "--print-schema" => Some(Action::PrintSchema),
        "--print-reference" => Some(Action::PrintReference),
        "-h" | "--help" => Some(Action::Help),
        "-V" | "--version" => Some(Action::Version),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, ArgumentsError> {
        Arguments::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_are_read_in_both_forms() {
        assert_eq!(
            read("--config etc --set a.b=1 --set=c=d=e --timeline --profile=dev --check-config"),
            Ok(Arguments {
                action: Action::Check,
                config: Some("etc".into()),
                profile: Some("dev".to_owned()),
                secrets: None,
                settings: vec!["a.b=1".to_owned(), "c=d=e".to_owned()],
                timeline: true,
            })
        );
        assert_eq!(read(""), Ok(Arguments::default()));
        let help = read("--version --help --print-config");
        assert_eq!(help.map(|arguments| arguments.action), Ok(Action::Help));
    }

    #[test]
    fn what_makes_no_sense_is_refused_without_repeating_values() {
        let option = |name: &str| name.to_owned();
        for (line, error) in [
            ("--verbose", ArgumentsError::Unknown(option("--verbose"))),
            (
                "--token=hunter2",
                ArgumentsError::Unknown(option("--token")),
            ),
            ("hunter2", ArgumentsError::Positional),
            ("--set", ArgumentsError::NoValue(option("--set"))),
            ("--help=yes", ArgumentsError::Value(option("--help"))),
            (
                "--timeline=yes",
                ArgumentsError::Value(option("--timeline")),
            ),
            (
                "--config a --config b",
                ArgumentsError::Twice(option("--config")),
            ),
        ] {
            assert_eq!(read(line), Err(error), "{line}");
        }
    }
}
