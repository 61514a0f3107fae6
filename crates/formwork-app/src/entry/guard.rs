//! Looks after the service from outside its threads: nothing in there can keep the process alive.

use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::app::{Calls, listen, most, report};
use crate::{App, Signals, StartError};

/// How often the calls that go on, and the memory, are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long the service may take to end by itself after the second signal.
const LAST: Duration = Duration::from_millis(250);

/// Does `work` in a thread of its own and returns its exit code, or says why it cannot be waited
/// for. With `signals`, those of the process go to `work`; without, they end it as usual.
pub(super) fn guard(
    app: App,
    signals: bool,
    work: impl FnOnce(App, &Calls, Signals) -> ExitCode + Send + 'static,
) -> ExitCode {
    let calls = Calls::watched();
    let app = app.watched(&calls);
    let outcome = guarded(app, calls, signals, work);
    outcome.unwrap_or_else(|error| {
        report(&StartError::Runtime(error));
        ExitCode::FAILURE
    })
}

fn guarded(
    app: App,
    calls: Calls,
    with_signals: bool,
    work: impl FnOnce(App, &Calls, Signals) -> ExitCode + Send + 'static,
) -> std::io::Result<ExitCode> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (sender, signals) = Signals::channel();
    let (done, mut ended) = oneshot::channel();
    runtime.block_on(async {
        // Listened to before anything starts, so that no signal ends the process in between.
        let mut received = if with_signals { Some(listen()?) } else { None };
        let watched = calls.clone();
        std::thread::Builder::new()
            .name("service".to_owned())
            .spawn(move || {
                // Fails when the process ends without waiting any longer.
                let _ = done.send(work(app, &watched, signals));
            })?;
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let most = most();
        let hopeless = || {
            let stuck = calls.stuck().map(|call| call.to_string());
            stuck.or_else(|| calls.glutton(most).map(|glutton| glutton.to_string()))
        };
        let mut asked = 0_u32;
        let mut signal = async move || match &mut received {
            Some(received) => received.recv().await,
            None => std::future::pending().await,
        };
        loop {
            tokio::select! {
                biased;
                code = &mut ended => return Ok(code.unwrap_or(ExitCode::FAILURE)),
                Some(name) = signal() => {
                    asked += 1;
                    // Fails when the service has just ended.
                    let _ = sender.send(name);
                    if asked > 1 {
                        break;
                    }
                }
                _ = look.tick() => if let Some(reason) = hopeless() {
                    eprintln!("error: {reason}; the process ends without stopping the others");
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
        // The service has had its chance to say that it was cut off.
        tokio::select! {
            code = &mut ended => Ok(code.unwrap_or(ExitCode::FAILURE)),
            () = sleep(LAST) => Ok(ExitCode::FAILURE),
        }
    })
}
