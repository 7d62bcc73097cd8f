//! What the checks need from the operating system. Linux has all of it; what another system lacks is left out there,
//! and noted here.

use std::{
    process::{Child, Command},
    time::Duration,
};

#[cfg(unix)]
use rustix::{
    process::{Pid, Resource, Rlimit, Signal, kill_process_group, setrlimit},
    time::{ClockId, clock_gettime},
};

/// The CPU time of this process, without the calling thread. On Windows this would need unsafe code.
#[cfg(unix)]
pub(crate) fn computed() -> Option<Duration> {
    let time = |clock| Duration::try_from(clock_gettime(clock)).ok();
    Some(time(ClockId::ProcessCPUTime)?.saturating_sub(time(ClockId::ThreadCPUTime)?))
}

#[cfg(not(unix))]
pub(crate) fn computed() -> Option<Duration> {
    None
}

/// Limits what this process may allocate. macOS accepts the limit and ignores it, and Windows has no such call.
#[cfg(unix)]
pub(crate) fn limit_memory(bytes: u64) {
    // The verdict is the same without the limit.
    let _ = setrlimit(Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) });
}

#[cfg(not(unix))]
pub(crate) fn limit_memory(_bytes: u64) {}

/// Keeps everyone but this process and root from reading its memory and writing to its open files.
#[cfg(target_os = "linux")]
pub(crate) fn close_to_others() {
    use rustix::process::{DumpableBehavior::NotDumpable, set_dumpable_behavior};
    let _ = set_dumpable_behavior(NotDumpable);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn close_to_others() {}

/// This process ends when the thread that started it does, at once: otherwise the next process above would be its parent
/// for a while, and what an answer does to its parent would be done to that one. Linux alone can do that.
#[cfg(target_os = "linux")]
pub(crate) fn end_with_parent() {
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end_with_parent() {}

/// Makes every process that is started below this one, and left behind, its child: [`end`] finds it, even in a
/// session of its own. Only Linux can do that.
#[cfg(target_os = "linux")]
pub(crate) fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn adopt_orphans() {}

/// Puts the process and all it starts into one group: [`end`] ends them together. Windows needs another crate for that;
/// there, what an answer starts lives on.
#[cfg(unix)]
pub(crate) fn lead_a_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
pub(crate) fn lead_a_group(_command: &mut Command) {}

/// Ends the leader of a group, and everything that was started below it.
pub(crate) fn end(leader: &mut Child) {
    #[cfg(unix)]
    let _ = kill_process_group(Pid::from_child(leader), Signal::KILL);
    let _ = leader.kill();
    let _ = leader.wait();
    end_children();
}

/// Ends all of the group that this process belongs to, itself included, and what it has adopted.
pub(crate) fn end_group() {
    end_children();
    #[cfg(unix)]
    let _ = rustix::process::kill_current_process_group(Signal::KILL);
}

/// How many threads this process has, if the system says so.
#[cfg(target_os = "linux")]
pub(crate) fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn threads() -> Option<usize> {
    None
}

/// Ends every child of this process, and the children that each of them leaves behind, until there is none.
#[cfg(target_os = "linux")]
pub(crate) fn end_children() {
    use rustix::process::{WaitOptions, kill_process, wait};
    /// More rounds than that mean a program that starts others faster than they can be ended.
    const ROUNDS: usize = 5_000;
    for _ in 0..ROUNDS {
        match wait(WaitOptions::NOHANG) {
            Err(_) => return, // there is none
            Ok(Some(_)) => {}
            Ok(None) => {
                children().into_iter().for_each(|child| _ = kill_process(child, Signal::KILL));
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end_children() {}

#[cfg(target_os = "linux")]
fn children() -> Vec<Pid> {
    let own = std::process::id().to_string();
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok();
    let is_child = |number: &i32| parent(*number).is_some_and(|parent| parent == own);
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(number).filter(is_child).filter_map(Pid::from_raw).collect()
}

/// The second field after the program's name, which is in brackets and may have any letter in it.
#[cfg(target_os = "linux")]
fn parent(process: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned)
}
