//! The command line: what can be asked for. What the words mean is in the commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes:
  0    everything asked for was done, and every check held
  1    a check failed, or the choices cannot hold together
  2    the command line is wrong
  3    a name, manifest, model, recipe or answers file is wrong
  4    reading or writing failed
  5    the service did not build, start or answer its probes
  130  interrupted before the work was done

Data goes to stdout, everything else to stderr. With --json, stdout holds JSON as `formwork schema COMMAND` describes it.";

/// Composes production-ready Rust services from versioned features and a domain model.
#[derive(Debug, Parser)]
#[command(name = "formwork", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Cli {
    /// Colour the output; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: clap::ColorChoice,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a service from a choice of features and a domain model
    New(New),
    /// Show what would be generated, and why, without writing anything
    Plan(Plan),
    /// Look at the features there are
    Features(Features),
    /// Say why a feature is part of the plan
    Why(Why),
    /// Say why a feature is not, or cannot be, part of the plan
    WhyNot(Why),
    /// Say what a further choice would change
    WhatIf(WhatIf),
    /// Add features to a project
    Add(Add),
    /// Remove features from a project
    Remove(Remove),
    /// Answer a question or set an option of a feature anew, in a project
    Set(Set),
    /// Change how demanding a project is
    Tier(TierChange),
    /// Bring a project up to its recipe and model after they were edited by hand
    Sync(Sync),
    /// Show what `sync` would change, line by line
    Diff(Diff),
    /// Move a project to the newest versions of its features, and say what that means
    Update(Update),
    /// Add an aggregate to a project's model, or remove one
    Aggregate(AggregateChange),
    /// Finish a change whose conflicts are settled
    Continue(Waiting),
    /// Take a change that waits back: every file is as it was before
    Abort(Waiting),
    /// Add a module of its own to a project
    Module(Module),
    /// Use packs of features from third parties, or write one
    Pack(Pack),
    /// Check a project: recipe, lock, files and the arrows between layers
    Check(Check),
    /// Ask a running service for the evidence that every feature is wired
    Probe(Probe),
    /// Compare recipe, lock, files and, where it runs, the service
    Doctor(Doctor),
    /// Generate, build and start the e-commerce example, and follow one order through it
    Demo(Demo),
    /// Print the completions for a shell
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// The command whose page to print, for example `new`; the program's own page when left out
        command: Option<String>,
    },
    /// Print the JSON schema of a file people write, or of what a command writes with --json
    Schema {
        /// The file or the command
        command: Option<SchemaOf>,
    },
}

impl Command {
    /// Whether stdout is to hold JSON.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::New(new) => new.output.json,
            Self::Plan(plan) => plan.output.json,
            Self::Features(Features {
                command: FeaturesCommand::List { json, .. } | FeaturesCommand::Show { json, .. },
            }) => *json,
            Self::Why(why) | Self::WhyNot(why) => why.json,
            Self::WhatIf(what_if) => what_if.json,
            Self::Add(Add { change, .. })
            | Self::Remove(Remove { change, .. })
            | Self::Set(Set { change, .. })
            | Self::Tier(TierChange { change, .. })
            | Self::Sync(Sync { change, .. })
            | Self::Update(Update { change })
            | Self::Aggregate(AggregateChange {
                command:
                    AggregateCommand::Add(AggregateName { change, .. })
                    | AggregateCommand::Remove(AggregateName { change, .. }),
            }) => change.json,
            Self::Diff(diff) => diff.json,
            Self::Continue(waiting) | Self::Abort(waiting) => waiting.json,
            Self::Module(Module {
                command: ModuleCommand::New(new),
            }) => new.json,
            Self::Pack(Pack { command }) => command.wants_json(),
            Self::Check(check) => check.json,
            Self::Probe(probe) => probe.json,
            Self::Doctor(doctor) => doctor.json,
            Self::Demo(demo) => demo.json,
            Self::Completions { .. } | Self::Man { .. } | Self::Schema { .. } => false,
        }
    }
}

/// The choices that decide what a service is made of.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Choices")]
pub(crate) struct Choices {
    /// Take this feature in, optionally in a range of versions (`sqlite@^1`)
    #[arg(long, value_name = "FEATURE[@RANGE]")]
    pub(crate) with: Vec<String>,

    /// Leave this feature out
    #[arg(long, value_name = "FEATURE")]
    pub(crate) without: Vec<String>,

    /// Answer a question of the catalog (`database=postgres`)
    #[arg(long, value_name = "QUESTION=FEATURE")]
    pub(crate) answer: Vec<String>,

    /// Set an option of a feature (`memory-cache.capacity=5000`)
    #[arg(long, value_name = "FEATURE.OPTION=VALUE")]
    pub(crate) set: Vec<String>,

    /// How demanding the service is: basic, intermediate, advanced or enterprise
    #[arg(long, value_name = "TIER")]
    pub(crate) tier: Option<String>,

    /// A folder of model files, one per aggregate
    #[arg(long, value_name = "DIR", conflicts_with = "preset")]
    pub(crate) model: Option<PathBuf>,

    /// A model that comes with formwork (`ecommerce`)
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,

    /// Take answers from a file written like `formwork.toml`; flags go first
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,

    /// Take the largest part of the choices that holds together, and say what is left out
    #[arg(long, conflicts_with = "fix")]
    pub(crate) degrade: bool,

    /// Apply the fix with this number when the choices cannot hold together
    #[arg(long, value_name = "N")]
    pub(crate) fix: Option<usize>,
}

/// How the result is reported.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,

    /// Report the time each phase took
    #[arg(long)]
    pub(crate) timings: bool,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The name of the service and of its packages
    pub(crate) name: String,

    /// The folder to create; a folder with the name of the service when left out
    pub(crate) path: Option<PathBuf>,

    /// The name as people read it
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,

    /// One sentence on what the service is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) summary: Option<String>,

    #[command(flatten)]
    pub(crate) choices: Choices,

    /// Ask nothing: what is not answered takes its default
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Show precisely what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Make no git repository
    #[arg(long)]
    pub(crate) no_git: bool,

    /// Skip this action after generation
    #[arg(long, value_name = "ACTION")]
    pub(crate) skip: Vec<String>,

    /// Run the actions that features of this pack declare
    #[arg(long, value_name = "PACK")]
    pub(crate) allow_actions: Vec<String>,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The project to plan for; its recipe is the starting point. The current folder when it has a recipe
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,

    /// The name of the service to plan
    #[arg(long, value_name = "NAME", conflicts_with = "project")]
    pub(crate) name: Option<String>,

    #[command(flatten)]
    pub(crate) choices: Choices,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Features {
    #[command(subcommand)]
    pub(crate) command: FeaturesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeaturesCommand {
    /// List the features, by kind
    List {
        /// Only features of this kind
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,

        /// The project whose packs to include. The current folder when it has a recipe
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,

        /// Write JSON to stdout
        #[arg(long)]
        json: bool,
    },
    /// Show what a feature is, needs, refuses, offers and asks
    Show {
        /// The feature's id
        id: String,

        /// The project whose packs to include. The current folder when it has a recipe
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,

        /// Write JSON to stdout
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The feature's id
    pub(crate) id: String,

    /// The project to ask about. The current folder when it has a recipe
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) choices: Choices,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a project is changed, whatever the change.
#[derive(Debug, Clone, Args)]
pub(crate) struct Changing {
    /// The project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,

    /// Show precisely what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Ask nothing
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// Apply the fix with this number when the choices cannot hold together
    #[arg(long, value_name = "N")]
    pub(crate) fix: Option<usize>,

    /// Skip this action after the change
    #[arg(long, value_name = "ACTION")]
    pub(crate) skip: Vec<String>,

    /// Run the actions that features of this pack declare
    #[arg(long, value_name = "PACK")]
    pub(crate) allow_actions: Vec<String>,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The features, each optionally in a range of versions (`nats@^1`)
    #[arg(required = true, value_name = "FEATURE[@RANGE]")]
    pub(crate) features: Vec<String>,

    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The features
    #[arg(required = true, value_name = "FEATURE")]
    pub(crate) features: Vec<String>,

    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Answers to questions (`database=postgres`) and options of features (`memory-cache.capacity=5000`)
    #[arg(required = true, value_name = "KEY=VALUE")]
    pub(crate) answers: Vec<String>,

    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct TierChange {
    /// basic, intermediate, advanced or enterprise
    pub(crate) tier: String,

    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Go on without knowing what was generated: whatever differs becomes a conflict
    #[arg(long)]
    pub(crate) without_base: bool,

    /// Finish a change whose conflicts are settled, like `formwork continue`
    #[arg(long = "continue", conflicts_with_all = ["abort", "dry_run"])]
    pub(crate) resume: bool,

    /// Take a change that waits back, like `formwork abort`
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) abort: bool,

    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct AggregateChange {
    #[command(subcommand)]
    pub(crate) command: AggregateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AggregateCommand {
    /// Write a file of the model to begin with, and what follows from it
    Add(AggregateName),
    /// Remove an aggregate's file from the model, and what followed from it
    Remove(AggregateName),
}

#[derive(Debug, Args)]
pub(crate) struct AggregateName {
    /// The name of the aggregate, as in `stock-item`
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) change: Changing,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The project
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,

    /// Write JSON to stdout, with the lines of each file
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Waiting {
    /// The project
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhatIf {
    /// The further choices: FEATURE[@RANGE], QUESTION=FEATURE, FEATURE.OPTION=VALUE, tier=TIER or without=FEATURE
    #[arg(required = true, value_name = "CHOICE")]
    pub(crate) further: Vec<String>,

    /// The project to ask about. The current folder when it has a recipe
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) choices: Choices,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Module {
    #[command(subcommand)]
    pub(crate) command: ModuleCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModuleCommand {
    /// Write a module with settings, a service, a health check and a test, and start it with the others
    New(ModuleNew),
}

#[derive(Debug, Args)]
pub(crate) struct ModuleNew {
    /// The name of the module and of its settings, as in `rate-card`
    pub(crate) name: String,

    /// The project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,

    /// Show precisely what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pack {
    #[command(subcommand)]
    pub(crate) command: PackCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackCommand {
    /// Write a pack with one feature that works, to begin with
    New(PackNew),
    /// Take a pack into a project: a folder, a git repository, an archive, or an index and the pack's id
    Add(PackAdd),
    /// Check a pack and show its hash; without a pack, those of the project
    Verify(PackVerify),
    /// List the packs of a project
    List(PackList),
    /// Take a pack out of a project
    Remove(PackRemove),
}

impl PackCommand {
    fn wants_json(&self) -> bool {
        match self {
            Self::New(new) => new.json,
            Self::Add(add) => add.json,
            Self::Verify(verify) => verify.json,
            Self::List(list) => list.json,
            Self::Remove(remove) => remove.json,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PackNew {
    /// The id of the pack and of its first feature, as in `tide-tables`
    pub(crate) id: String,

    /// The folder to create; a folder with the id of the pack when left out
    pub(crate) path: Option<PathBuf>,

    /// Show precisely what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where a pack is, and why it is trusted.
#[derive(Debug, Args)]
pub(crate) struct PackAt {
    /// The branch, tag or commit of a git repository; what it calls HEAD when left out
    #[arg(long, value_name = "REV")]
    pub(crate) rev: Option<String>,

    /// The pack to take from an index that lists several
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,

    /// The versions to take from an index (`^1`)
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<String>,

    /// Trust packs signed with this minisign public key
    #[arg(long, value_name = "NAME=KEY")]
    pub(crate) trust: Vec<String>,

    /// Take exactly the content with this hash, whoever signed it
    #[arg(long, value_name = "HASH")]
    pub(crate) allow: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PackAdd {
    /// A folder, a git repository (`….git`, `git+…`, or with --rev), an archive (`….tar.gz`, `….zip`) or an index (`….toml`, `….json`)
    pub(crate) pack: String,

    #[command(flatten)]
    pub(crate) at: PackAt,

    /// The project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,

    /// Show precisely what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PackVerify {
    /// A folder, a git repository, an archive or an index, as `pack add` takes it
    pub(crate) pack: Option<String>,

    #[command(flatten)]
    pub(crate) at: PackAt,

    /// The project whose packs to check when no pack is given
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with = "pack")]
    pub(crate) project: PathBuf,

    /// Print the line an author signs, and nothing else
    #[arg(long, requires = "pack", conflicts_with = "json")]
    pub(crate) statement: bool,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PackList {
    /// The project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PackRemove {
    /// The pack's id
    pub(crate) id: String,

    /// The project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,

    /// Show precisely what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write JSON to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The project
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,

    /// Report findings of this rule, but do not fail because of them
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<String>,

    /// Fail because of findings of this rule; only `drift` does not fail by itself, since
    /// generated files are there to be edited
    #[arg(long, value_name = "RULE")]
    pub(crate) deny: Vec<String>,

    /// Write one JSON object per finding to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Probe {
    /// Where the service answers, for example http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,

    /// The project of the service
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) project: PathBuf,

    /// What the service wrote to its standard output, for probes of the log
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// Leave out probes that run a command in the project
    #[arg(long)]
    pub(crate) no_commands: bool,

    /// Run the commands in probes of this pack
    #[arg(long, value_name = "PACK")]
    pub(crate) allow_actions: Vec<String>,

    /// Play scenarios that change `config/default.toml` of the project, which the service takes over, and give it back
    #[arg(long)]
    pub(crate) change_config: bool,

    /// The service's `health.token`, for probes that look at its components; the service's variable, as in
    /// `SHOP__HEALTH__TOKEN`, when left out
    #[arg(long, value_name = "TOKEN")]
    pub(crate) health_token: Option<String>,

    /// How long to wait for evidence that takes time to appear, in seconds. Checks of health are made every ten seconds
    /// unless the service is configured otherwise
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) wait: u64,

    /// Write one JSON object per probe to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The project
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,

    /// Where the service answers, for example http://127.0.0.1:8080; without it only the project is looked at
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The service's `health.token`; the service's variable, as in `SHOP__HEALTH__TOKEN`, when left out
    #[arg(long, value_name = "TOKEN", requires = "url")]
    pub(crate) health_token: Option<String>,

    /// How long to wait for evidence that takes time to appear, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) wait: u64,

    /// Write one JSON object per finding and probe to stdout, as `check` and `probe` do
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Stop after the proof: exit code 0 when everything answered, otherwise say why not
    #[arg(long)]
    pub(crate) check: bool,

    /// The folder to work in; kept between runs so that the next build is quick
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Build with optimisations, as for production
    #[arg(long)]
    pub(crate) optimized: bool,

    /// Write one JSON object per step and probe to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// What has a published schema: files people write, and the JSON of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    Feature,
    Model,
    Pack,
    Recipe,
    PackNew,
    PackChange,
    PackVerify,
    PackList,
    New,
    Plan,
    FeaturesList,
    FeaturesShow,
    Why,
    WhyNot,
    WhatIf,
    Change,
    Diff,
    ModuleNew,
    Check,
    Probe,
    Demo,
    Error,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        super::Cli::command().debug_assert();
    }
}
