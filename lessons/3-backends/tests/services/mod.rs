//! Real servers, each on a free port and with its own folder. They end with the test that started them.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::{
    env, fs, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use tempfile::TempDir;

// The programs that a test may need.
pub const REDIS: &[&str] = &["redis-server"];
pub const CLUSTER: &[&str] = &["redis-server", "redis-cli"];
pub const MEMCACHED: &[&str] = &["memcached"];
pub const POSTGRES: &[&str] = &["initdb"];
pub const CACHES: &[&str] = &["redis-server", "memcached"];
pub const ALL: &[&str] = &["redis-server", "memcached", "initdb"];

/// Makes the command that starts a server in this folder on this port.
type MakeCommand = Box<dyn Fn(&Path, u16) -> Command + Send + Sync>;

/// A server that can be killed, and started again on the same port and folder.
pub struct Service {
    pub port: u16,
    folder: TempDir,
    command: MakeCommand,
    /// Whether the server, which listens on this port already, accepts requests.
    ready: fn(u16) -> bool,
    process: Option<Child>,
}

impl Service {
    /// Redis with every write on the disk before it is acknowledged.
    pub fn redis() -> Option<Self> {
        Self::redis_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// Redis with nothing on the disk.
    pub fn redis_in_memory() -> Option<Self> {
        Self::redis_with(&["--appendonly", "no"])
    }

    fn redis_with(options: &'static [&str]) -> Option<Self> {
        let program = program("redis-server")?;
        Some(Self::start(move |folder, port| {
            let mut command = Command::new(&program);
            command.args(["--bind", "127.0.0.1", "--save", ""]).args(options);
            command.args(["--port", &port.to_string(), "--dir"]).arg(folder);
            command
        }))
    }

    /// A node that is not part of a cluster yet.
    pub fn redis_node() -> Option<Self> {
        let program = program("redis-server")?;
        Some(Self::start(move |folder, port| {
            let mut command = Command::new(&program);
            command.args(["--bind", "127.0.0.1", "--save", "", "--cluster-enabled", "yes"]);
            // The milliseconds that a master may be silent before its replica takes over.
            command.args(["--cluster-node-timeout", "1500"]);
            command.args(["--port", &port.to_string(), "--dir"]).arg(folder);
            command
        }))
    }

    pub fn memcached() -> Option<Self> {
        let program = program("memcached")?;
        Some(Self::start(move |_, port| {
            let mut command = Command::new(&program);
            command.args(["--listen", "127.0.0.1", "--user", "nobody", "--port", &port.to_string()]);
            command
        }))
    }

    /// PostgreSQL with an empty database `postgres` and a user `postgres` without a password.
    pub fn postgres() -> Option<Self> {
        let (initdb, postgres) = (program("initdb")?, program("postgres")?);
        Some(Self::start_with(postgres_is_ready, move |folder, port| {
            let data = folder.join("data");
            if !data.exists() {
                let mut init = Command::new(&initdb);
                init.args(["--username", "postgres", "--auth", "trust", "--no-sync", "--pgdata"]).arg(&data);
                let made = as_nobody(&mut init, folder).output().expect("initdb starts");
                assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
            }
            // A killed server leaves this file behind, and the process ID in it may belong to another process by now.
            let _ = fs::remove_file(data.join("postmaster.pid"));
            let mut command = Command::new(&postgres);
            command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(folder).arg("-D").arg(data);
            as_nobody(&mut command, folder);
            command
        }))
    }

    fn start(command: impl Fn(&Path, u16) -> Command + Send + Sync + 'static) -> Self {
        Self::start_with(|_| true, command)
    }

    fn start_with(ready: fn(u16) -> bool, command: impl Fn(&Path, u16) -> Command + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server");
        let mut service = Self { port: free_port(), folder, command: Box::new(command), ready, process: None };
        service.restart();
        service
    }

    /// Kills the server, so that it ends as in a crash.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Makes the server hang: it keeps its connections open, but does not answer.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets the server continue after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("it runs").id().to_string();
        // PostgreSQL has a child process for each connection.
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
        let all = [process.as_str()].into_iter().chain(children.split_whitespace());
        assert!(Command::new("kill").arg(signal).args(all).status().is_ok_and(|status| status.success()));
    }

    /// Kills the server if it runs, starts it, and returns when it accepts requests.
    pub fn restart(&mut self) {
        self.kill();
        // PostgreSQL does not start until the children of the killed server have ended.
        let mut attempts = 0;
        while !self.begins() {
            attempts += 1;
            assert!(attempts < 200, "the server does not start: {}", self.log());
        }
    }

    fn begins(&mut self) -> bool {
        let log = fs::File::create(self.folder.path().join("log")).expect("a log for the server");
        let mut command = (self.command)(self.folder.path(), self.port);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
        let process = self.process.insert(command.spawn().expect("the server can be run"));
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() || !(self.ready)(self.port) {
            if process.try_wait().expect("the server can be asked").is_some() {
                return false;
            }
        }
        true
    }

    /// Sends a command to Redis and returns the answer, which is empty if Redis does not run.
    pub fn says(&self, command: &[&str]) -> String {
        let cli = program("redis-cli").expect("redis-cli beside redis-server");
        let asked = Command::new(cli).args(["-p", &self.port.to_string()]).args(command).output();
        String::from_utf8_lossy(&asked.expect("redis-cli starts").stdout).into_owned()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

/// Starts a cluster of three nodes, each with a third of the keys.
pub fn redis_cluster() -> Option<Vec<Service>> {
    redis_cluster_with(0)
}

/// Starts a cluster of three masters, each with this many replicas.
pub fn redis_cluster_with(replicas: usize) -> Option<Vec<Service>> {
    let cli = program("redis-cli")?;
    let nodes = (0..3 * (1 + replicas)).map(|_| Service::redis_node()).collect::<Option<Vec<_>>>()?;
    let mut create = Command::new(&cli);
    create.args(["--cluster", "create"]).args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)));
    create.args(["--cluster-replicas", &replicas.to_string()]);
    let created = create.arg("--cluster-yes").output().expect("redis-cli starts");
    let said = [created.stdout, created.stderr].concat();
    assert!(created.status.success(), "the cluster: {}", String::from_utf8_lossy(&said));
    // A node answers that the cluster is down until it has heard from the others.
    for node in &nodes {
        while !node.says(&["cluster", "info"]).contains("cluster_state:ok") {}
    }
    // A replica is ready when it has copied its master.
    for node in nodes.iter().filter(|node| node.says(&["role"]).starts_with("slave")) {
        while !node.says(&["info", "replication"]).contains("master_link_status:up") {}
    }
    Some(nodes)
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the first of these programs that is not installed.
pub fn missing(programs: &[&str]) -> Option<(&'static str, String)> {
    let missing = programs.iter().find(|name| find(name).is_none())?;
    Some(("services", format!("{missing} is not installed")))
}

/// Like [`missing`], for a test that makes a server hang. That works on Linux only, because only Linux lists the
/// children of a process.
pub fn missing_to_pause(programs: &[&str]) -> Option<(&'static str, String)> {
    let elsewhere = || Some(("services", "a server can be made to hang on Linux only".to_owned()));
    if cfg!(target_os = "linux") { missing(programs) } else { elsewhere() }
}

/// Returns the path of a server's program. A benchmark or a soak test skips a missing program and says so, and under
/// `WORKBOOK_REQUIRE=services` it fails. A test calls [`missing`] first, and is ignored.
pub fn program(name: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        let required =
            env::var("WORKBOOK_REQUIRE").is_ok_and(|required| required.split(',').any(|one| one == "services"));
        assert!(!required, "WORKBOOK_REQUIRE=services, and {name} is not installed");
        println!("SKIPPED: {name} is not installed");
    }
    found
}

fn find(name: &str) -> Option<PathBuf> {
    let mut folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    // Debian has PostgreSQL's own programs outside the path, in a folder for each version.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// PostgreSQL listens before it is ready.
fn postgres_is_ready(port: u16) -> bool {
    let Some(asking) = program("pg_isready") else { return true };
    Command::new(asking).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]).status().is_ok_and(|it| it.success())
}

/// Returns a port that is free and that no other test uses. It is below 32768, so that no outgoing connection takes it
/// while a server is down. The same holds for a cluster node's second port, 10000 above it.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test binaries run at the same time, so each begins at another port.
    let begin = 12_000 + (std::process::id() % 90) as u16 * 100;
    loop {
        let port = begin + NEXT.fetch_add(1, Ordering::Relaxed) % 1_000;
        let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}

/// Runs PostgreSQL as the user `nobody` if the tests run as root, because it refuses to run as root.
#[cfg(unix)]
fn as_nobody<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    use std::os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    };
    const NOBODY: u32 = 65_534;
    let owner = |path: &Path| fs::metadata(path).map(|found| found.uid());
    let give = |path: &Path| -> io::Result<()> {
        if owner(path)? == 0 { chown(path, Some(NOBODY), Some(NOBODY)) } else { Ok(()) }
    };
    let root = owner(folder).is_ok_and(|owner| owner == 0) || owner(folder).is_ok_and(|owner| owner == NOBODY);
    give(folder).expect("the folder can be given to nobody");
    if root {
        command.uid(NOBODY).gid(NOBODY).current_dir(folder);
    }
    command
}

#[cfg(not(unix))]
fn as_nobody<'a>(command: &'a mut Command, _: &Path) -> &'a mut Command {
    command
}
