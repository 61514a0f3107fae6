//! Modules of this service's own, beside those in `modules`. `formwork module new NAME` adds one.

use formwork_app::App;

/// Adds them to the application.
pub fn assemble(app: App) -> App {
    app
}
