# `just` lists these. Each is one command you could type.

# What CI runs, all of it
ci:
    .ci/run

# The tests that need only Rust and git
test:
    cargo test

# The tests against real Helm and real hook managers
real:
    tests/real/run

# What a commit must pass
lint:
    cargo fmt --all --check
    cargo clippy --all-targets -- -D warnings

# Two producers, one manifest, real git
demo:
    cargo run --release -- demo
