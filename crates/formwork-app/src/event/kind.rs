//! The kinds of event the application emits itself, and what their `data` holds.
//!
//! Modules name theirs `{module}.{what happened}`, such as `acme.certificate.renewed`.

/// The state of the application changed: `formwork.application.` and the new state. The subject
/// is the service; `data` holds `from` and `to`.
pub const APPLICATION: &str = "formwork.application.";
/// A module is a part of the application; nothing has started yet. `data`: `version`, `level`.
pub const MODULE_REGISTERING: &str = "formwork.module.registering";
/// The start of a module begins. `data`: `level`.
pub const MODULE_STARTING: &str = "formwork.module.starting";
/// A module has started. `data`: `level`, `elapsed_ms`.
pub const MODULE_STARTED: &str = "formwork.module.started";
/// A module gets ready for a changed configuration. `data`: `generation`, `paths`.
pub const MODULE_PREPARING: &str = "formwork.module.preparing";
/// A module is ready for a changed configuration. `data`: `generation`, `elapsed_ms`.
pub const MODULE_PREPARED: &str = "formwork.module.prepared";
/// A module stops taking new work. `data`: `level`.
pub const MODULE_DRAINING: &str = "formwork.module.draining";
/// A module has finished what was in flight. `data`: `level`, `elapsed_ms`.
pub const MODULE_DRAINED: &str = "formwork.module.drained";
/// The stop of a module begins. `data`: `level`.
pub const MODULE_STOPPING: &str = "formwork.module.stopping";
/// A module has stopped. `data`: `level`, `elapsed_ms`.
pub const MODULE_STOPPED: &str = "formwork.module.stopped";
/// A module failed in a phase. `data`: `level`, `elapsed_ms`, `phase`, `error`; without `level` and
/// `error` when the phase is `prepare`, whose errors may speak of values.
pub const MODULE_FAILED: &str = "formwork.module.failed";
/// A task ended that must not, and the process stops. The subject is `{module}/{task}`; `data`
/// holds `module`, `task`, `outcome`, and the `tenant` of a task that works for one.
pub const TASK_ENDED: &str = "formwork.task.ended";
/// A task ended and will run again. The subject is `{module}/{task}`; `data` holds `module`,
/// `task`, `outcome`, `pause_ms`, and the `tenant` of a task that works for one.
pub const TASK_RESTARTING: &str = "formwork.task.restarting";
/// A reload of the configuration begins. Of all its events the subject is the service; `data`:
/// `generation` (the one in force), `trigger`.
pub const CONFIG_RELOAD_STARTED: &str = "formwork.config.reload.started";
/// A new generation is in force. `data`: `generation`, `trigger`, `paths` of what changed, `held`
/// (paths of what waits for a restart), `panicked` (modules whose commit did), `elapsed_ms`.
pub const CONFIG_RELOAD_COMPLETED: &str = "formwork.config.reload.completed";
/// A changed configuration is not taken over. `data`: `generation` (which stays in force),
/// `trigger`, `paths` of what is wrong, `reason`, `elapsed_ms`.
pub const CONFIG_RELOAD_FAILED: &str = "formwork.config.reload.failed";
/// There was nothing to take over. `data`: `generation`, `trigger`, `held`, `elapsed_ms`.
pub const CONFIG_RELOAD_NOOP: &str = "formwork.config.reload.noop";
/// A component has another status than before. The subject is the component; `data` is the
/// [`Change`](crate::Change).
pub const HEALTH_CHANGED: &str = "formwork.health.changed";
