//! Waiting, but not for ever: programs that talk to a network, and attempts that are made again.

use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::ops::ControlFlow;
use std::process::{Child, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::{Duration, Instant};

use super::program::{Git, line, not_started};
use super::{Error, Repo, fault};

/// How often something is attempted that others can spoil, unless `sysbom.attempts` says otherwise.
const ATTEMPTS: u32 = 30;

impl Repo {
    /// How often something is attempted that others can spoil: `sysbom.attempts` of git's
    /// configuration, else 30 times.
    pub fn attempts(&self) -> u32 {
        self.config("sysbom.attempts").and_then(|text| text.parse().ok()).unwrap_or(ATTEMPTS)
    }
}

/// Makes an attempt until it breaks off with a result, at most so many times; `None` if every one
/// was in vain. Between two of them it waits, longer each time and by chance, so that those who
/// got into each other's way do not meet again.
pub fn retry<T, E>(
    attempts: u32,
    mut attempt: impl FnMut() -> Result<ControlFlow<T>, E>,
) -> Result<Option<T>, E> {
    for count in 0..attempts {
        if let ControlFlow::Break(result) = attempt()? {
            return Ok(Some(result));
        }
        if count + 1 < attempts {
            std::thread::sleep(pause(count, chance()));
        }
    }
    Ok(None)
}

/// Up to 50 ms after the first attempt, then up to twice as long each time, never above 3 s.
fn pause(count: u32, chance: u64) -> Duration {
    let most = (50_u64 << count.min(6)).min(3_000);
    Duration::from_millis(most / 4 + chance % (most * 3 / 4))
}

/// A number that differs from process to process and from call to call.
fn chance() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

impl Git {
    /// How it ended, or `None` if it was still running after `limit` and has been stopped.
    pub(super) fn end_within(&self, args: &[&str], limit: Duration) -> Result<Option<Output>, Error> {
        fault::point();
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| not_started(args, cause))?;
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        let until = Instant::now() + limit;
        let waited = wait(&mut child, until);
        fault::point();
        let status = waited
            .map_err(|cause| Error::new(format!("could not wait for `{}`", line(args))).because(cause))?;
        let Some(status) = status else { return Ok(None) };
        Ok(Some(Output { status, stdout: stdout.taken(), stderr: stderr.taken() }))
    }
}

/// Waits for the end; stops it when the time has come.
fn wait(child: &mut Child, until: Instant) -> std::io::Result<Option<ExitStatus>> {
    let mut nap = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(20));
    }
}

/// What a program writes, as far as it has been read.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: mpsc::Receiver<()>,
}

/// Reads to the end on a thread of its own.
fn collect(mut pipe: impl Read + Send + 'static) -> Collected {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let (sender, end) = mpsc::channel();
    let collected = Collected { bytes: Arc::clone(&bytes), end };
    std::thread::spawn(move || {
        let mut piece = [0; 8192];
        while let Ok(count @ 1..) = pipe.read(&mut piece) {
            lock(&bytes).extend_from_slice(&piece[..count]);
        }
        // Nobody may be listening any more.
        let _ = sender.send(());
    });
    collected
}

impl Collected {
    /// Everything, once the program has ended. What it has started itself may outlive it and hold
    /// the pipe open, as a shared connection of ssh does: that is not waited for.
    fn taken(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(Duration::from_secs(1));
        std::mem::take(&mut *lock(&self.bytes))
    }
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().expect("no thread panics while it holds the lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_and_have_an_end() {
        assert_eq!(pause(0, 0), Duration::from_millis(12));
        assert_eq!(pause(1, 0), Duration::from_millis(25));
        for count in 0..ATTEMPTS {
            for chance in [0, 1, u64::MAX] {
                assert!(pause(count, chance) < Duration::from_secs(3), "{count} {chance}");
            }
        }
    }

    #[test]
    fn an_attempt_is_made_until_it_breaks_off() {
        let mut count = 0;
        let mut third = || {
            count += 1;
            Ok::<_, ()>(if count == 3 { ControlFlow::Break("done") } else { ControlFlow::Continue(()) })
        };
        assert_eq!(retry(3, &mut third), Ok(Some("done")));
        assert_eq!(count, 3);
        assert_eq!(retry(2, || Ok::<ControlFlow<()>, ()>(ControlFlow::Continue(()))), Ok(None));
        assert_eq!(retry(2, || Err::<ControlFlow<()>, _>("broken")), Err("broken"));
    }
}
