//! The pushes of `support/pushes.rs` through real servers: smart HTTP, ssh and gitolite. Each
//! server is started for its test, listens on the loopback alone, and ends with it.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::parts::debian;
use crate::pushes::{BAD, Fixture, GOOD, Hash, copy, judge};
use crate::support::path_with_sysbom;

/// A program that ends with the test.
struct Daemon(Child);

impl Daemon {
    #[track_caller]
    fn start(command: &mut Command) -> Daemon {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Daemon(child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}")))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port of the loopback that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

#[track_caller]
fn wait_for(what: &str, ready: impl Fn() -> bool) {
    let begin = Instant::now();
    while !ready() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{what} is not there after 20 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn wait_for_port(port: u16) {
    wait_for("the server", || TcpStream::connect(("127.0.0.1", port)).is_ok());
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("scratch is ours");
    std::fs::write(path, text).expect("scratch is ours");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("scratch has a plain name")
}

/// Runs a program that has to end well.
#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Makes every push to the repository at `server`, which is reached by `url` and gets its content
/// back before each.
fn judge_all(fixture: &Fixture, server: &Path, url: &str) {
    let mut wrong = Vec::new();
    for push in BAD.iter().chain(GOOD) {
        restore(fixture, server);
        let clone = fixture.clone_for("clone", url);
        let refs = || fixture.scratch.at(server).git(&["for-each-ref"]);
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge(push, &clone, &refs))).is_err() {
            wrong.push(push.name);
        }
        std::fs::remove_dir_all(clone.top()).expect("scratch is ours");
    }
    assert!(wrong.is_empty(), "{} pushes: {wrong:?}", wrong.len());
}

/// Objects and refs as the fixture has them; hooks and configuration stay.
fn restore(fixture: &Fixture, server: &Path) {
    for name in ["objects", "refs", "packed-refs"] {
        let place = server.join(name);
        let _ = std::fs::remove_dir_all(&place);
        let _ = std::fs::remove_file(&place);
        let kept = fixture.server().join(name);
        if kept.exists() {
            copy(&kept, &place);
        }
    }
}

/// A copy of the fixture's repository with the hook, below `root`.
fn guarded(fixture: &Fixture, root: &Path) -> PathBuf {
    std::fs::create_dir_all(root).expect("scratch is ours");
    let server = root.join("ops.git");
    copy(&fixture.server(), &server);
    let place = fixture.scratch.at(&server);
    place.sysbom(&["install"]).expect(0);
    place.git(&["config", "http.receivepack", "true"]);
    server
}

#[test]
fn smart_http_is_guarded() {
    let fixture = Fixture::new(Hash::Sha1);
    let root = fixture.scratch.root().join("http");
    let server = guarded(&fixture, &root);
    let (socket, port) = (root.join("fcgi.socket"), free_port());
    let _fcgiwrap = Daemon::start(
        Command::new(debian("fcgiwrap"))
            .env("PATH", path_with_sysbom())
            .args(["-s", &format!("unix:{}", text(&socket))]),
    );
    wait_for("the socket of fcgiwrap", || socket.exists());
    let config = root.join("nginx.conf");
    write(&config, &nginx(&root, &socket, port, &fixture.scratch.git(&["--exec-path"])));
    let _nginx = Daemon::start(Command::new(debian("nginx")).args(["-p", text(&root), "-c", text(&config)]));
    wait_for_port(port);
    judge_all(&fixture, &server, &format!("http://127.0.0.1:{port}/ops.git"));
}

/// As small as can be: every request goes to `git http-backend`.
fn nginx(root: &Path, socket: &Path, port: u16, exec_path: &str) -> String {
    let (root, socket) = (text(root), text(socket));
    format!(
        "daemon off; master_process off; pid {root}/nginx.pid; error_log {root}/error.log;\n\
         events {{}}\n\
         http {{\n\
           access_log off; client_max_body_size 0;\n\
           client_body_temp_path {root}/body; fastcgi_temp_path {root}/fastcgi; proxy_temp_path {root}/proxy;\n\
           uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n\
           server {{\n\
             listen 127.0.0.1:{port};\n\
             location / {{\n\
               fastcgi_pass unix:{socket}; fastcgi_read_timeout 600;\n\
               fastcgi_param SCRIPT_FILENAME {exec_path}/git-http-backend;\n\
               fastcgi_param GIT_PROJECT_ROOT {root}; fastcgi_param GIT_HTTP_EXPORT_ALL 1;\n\
               fastcgi_param PATH_INFO $uri; fastcgi_param QUERY_STRING $query_string;\n\
               fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;\n\
               fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param REMOTE_USER ada;\n\
               fastcgi_param REMOTE_ADDR $remote_addr; fastcgi_param SERVER_PROTOCOL $server_protocol;\n\
             }}\n\
           }}\n\
         }}\n"
    )
}

/// An ssh server of its own: own host key, own user key, nobody else's configuration.
struct Ssh {
    _daemon: Daemon,
    port: u16,
    command: String,
}

impl Ssh {
    /// Starts it. `forced` is what it runs whatever is asked for, if anything.
    fn start(root: &Path, forced: Option<&str>) -> Ssh {
        std::fs::create_dir_all(root).expect("scratch is ours");
        // Where sshd leaves its rights behind; it refuses to start without.
        std::fs::create_dir_all("/run/sshd").expect("these tests run as root");
        for key in ["host", "ada"] {
            run(Command::new("ssh-keygen").args([
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                text(&root.join(key)),
            ]));
        }
        let public = std::fs::read_to_string(root.join("ada.pub")).expect("it was just made");
        let forced = forced.map(|command| format!("restrict,command=\"{command}\" ")).unwrap_or_default();
        write(&root.join("authorized_keys"), &format!("{forced}{public}"));
        let (port, at) = (free_port(), text(root));
        let path = path_with_sysbom();
        let path = path.to_str().expect("the path is plain");
        write(
            &root.join("sshd_config"),
            &format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nPidFile {at}/sshd.pid\nUsePAM no\nStrictModes no\n\
                 PermitRootLogin prohibit-password\nPasswordAuthentication no\nAuthorizedKeysFile {at}/authorized_keys\n\
                 SetEnv \"PATH={path}\"\n"
            ),
        );
        let daemon = Daemon::start(
            Command::new(debian("sshd"))
                .args(["-D", "-e", "-f", text(&root.join("sshd_config"))])
                .stderr(Stdio::null()),
        );
        wait_for_port(port);
        let command = format!(
            "ssh -F /dev/null -i {at}/ada -p {port} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
             -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        );
        Ssh { _daemon: daemon, port, command }
    }
}

#[test]
fn ssh_is_guarded() {
    let mut fixture = Fixture::new(Hash::Sha1);
    let root = fixture.scratch.root().join("ssh");
    let ssh = Ssh::start(&root, None);
    fixture.scratch = fixture.scratch.with_var("GIT_SSH_COMMAND", &ssh.command);
    let server = guarded(&fixture, &root.join("repositories"));
    let url = format!("ssh://root@127.0.0.1:{}{}", ssh.port, text(&server));
    judge_all(&fixture, &server, &url);
}

#[test]
fn gitolite_is_guarded() {
    let mut fixture = Fixture::new(Hash::Sha1);
    let home = fixture.scratch.root().join("gitolite");
    let ssh = Ssh::start(
        &fixture.scratch.root().join("ssh"),
        Some(&format!("HOME={} exec /usr/share/gitolite3/gitolite-shell ada", text(&home))),
    );
    fixture.scratch = fixture.scratch.with_var("GIT_SSH_COMMAND", &ssh.command);
    std::fs::create_dir_all(&home).expect("scratch is ours");
    write(&home.join("ada.pub"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ nobody uses this one\n");
    let gitolite = |arguments: &[&str]| {
        let mut command = fixture.scratch.command(&home, text(&debian("gitolite")));
        run(command.env("HOME", &home).args(arguments));
    };
    // Its own repository has to be on master, whatever the machine begins with.
    write(&home.join(".gitconfig"), "[init]\n\tdefaultBranch = master\n");
    gitolite(&["setup", "-a", "ada"]);
    let settings = home.join(".gitolite.rc");
    let text_of = std::fs::read_to_string(&settings).expect("setup wrote it");
    let with_hooks = text_of
        .replace(
            "# LOCAL_CODE                =>  \"$ENV{HOME}/local\",",
            "LOCAL_CODE => \"$ENV{HOME}/local\",",
        )
        .replace("# 'repo-specific-hooks',", "'repo-specific-hooks',");
    assert_ne!(text_of, with_hooks, "the settings look as they did");
    write(&settings, &with_hooks);
    let hook = home.join("local/hooks/repo-specific/sysbom");
    write(&hook, include_str!("../../hooks/pre-receive"));
    run(Command::new("chmod").args(["+x", text(&hook)]));
    write(
        &home.join(".gitolite/conf/gitolite.conf"),
        "repo gitolite-admin\n  RW+ = ada\nrepo ops\n  RW+ = @all\n  option hook.pre-receive = sysbom\n",
    );
    gitolite(&["setup"]);
    let server = home.join("repositories/ops.git");
    fixture.scratch.at(&server).git(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    judge_all(&fixture, &server, &format!("ssh://root@127.0.0.1:{}/ops", ssh.port));
}
