//! Faults on demand, so that a test can see what git makes of a driver that dies. Test builds
//! only: the shipped program does not look at the variable.

use super::env::Env;

/// Takes the order to die between two writes: `write=N`, at the Nth of those moments.
pub fn arm(env: &Env) {
    if !cfg!(any(debug_assertions, feature = "fault-injection")) {
        return;
    }
    let order = env.var("SYSBOM_TEST_FAULT").and_then(|order| order.to_str());
    if let Some(count) = order.and_then(|order| order.strip_prefix("write=")) {
        crate::git::die_at(count.parse().expect("a fault is write=N"));
    }
}

/// Dies here if `SYSBOM_TEST_FAULT` says so: `WHERE=panic`, `WHERE=abort`, `WHERE=exit:N`.
pub fn here(place: &str, env: &Env) {
    if !cfg!(any(debug_assertions, feature = "fault-injection")) {
        return;
    }
    let Some(order) = env.var("SYSBOM_TEST_FAULT").and_then(|order| order.to_str()) else { return };
    match order.split_once('=') {
        Some((at, "panic")) if at == place => panic!("a fault was ordered at `{place}`"),
        Some((at, "abort")) if at == place => std::process::abort(),
        Some((at, how)) if at == place => {
            let status = how.strip_prefix("exit:").and_then(|status| status.parse().ok());
            std::process::exit(status.expect("a fault is panic, abort or exit:N"));
        }
        Some(_) | None => {}
    }
}
