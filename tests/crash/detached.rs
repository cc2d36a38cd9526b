//! `seal --header --force` over data and its header: whatever fails, the two that are left belong together.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::cli_common::{Dir, data, fetool, hex, program};
use crate::dexios_common::watchdog;
use crate::trace_common::{CHANGES, Moment, Then, WRITES, trace};
use crate::tree_common::*;
use nix::errno::Errno;
use nix::sys::wait::WaitStatus;
use std::fs;
use std::process::Command;

/// New keys are cheap to derive.
const CHEAP: &str = "FETOOL_CHEAP_KEYS";

const SEAL: &str = "seal -q -f dexios --kdf balloon --force --sync --header h -o f";

#[track_caller]
fn opened(dir: &Dir, what: &str) -> usize {
    let args = ["open", "-q", "-k", KEY_FILE, "--header", "h", "f"];
    let ended = fetool(args).env(CHEAP, "1").within(dir).run();
    assert_eq!(ended.code(), Some(0), "{what}: {}", ended.stderr());
    ended.succeeds().len()
}

#[test]
fn an_old_header_stays_until_the_new_data_is_complete() {
    let _dog = watchdog();
    let dir = home();
    put(&dir, "old", data(50_000));
    put(&dir, "new", data(70_000));
    let seal = fetool(SEAL.split(' ')).args(["-k", KEY_FILE, "old"]);
    seal.env(CHEAP, "1").within(&dir).run().succeeds();
    let before = ["f", "h"].map(|name| (name, dir.read(name)));
    let names = [&WRITES[..], &CHANGES].concat();
    let mut moment = 0;
    loop {
        for (name, bytes) in &before {
            dir.write(name, bytes);
        }
        let (mut count, mut failed) = (0, None);
        let mut command = Command::new(program());
        let command = command
            .env(CHEAP, "1")
            .current_dir(dir.path(""))
            .args(SEAL.split(' '))
            .args(["-k", "@-", "new"]);
        let traced = trace(command, hex(&[7; 32]).as_bytes(), |at, call| {
            if at == Moment::After || !names.contains(&call.name) {
                return Then::GoOn;
            }
            count += 1;
            match count - 1 == moment {
                true => {
                    failed = Some(call.name);
                    Then::Fail(Errno::EIO)
                }
                false => Then::GoOn,
            }
        });
        let Some(name) = failed else {
            assert!(matches!(traced.status, WaitStatus::Exited(_, 0)));
            break;
        };
        let what = format!("{name} at {moment}: {}", traced.stderr);
        // The names are given one after the other, and nothing can be done about that.
        let renames = traced.stderr.contains("f: input/output error") && name == "rename";
        if !renames {
            let len = opened(&dir, &what);
            assert!([50_000, 70_000].contains(&len), "{what}");
        }
        let there = fs::read_dir(dir.path("")).unwrap().count();
        assert!(there <= 6, "{what}");
        moment += 1;
    }
    assert!(moment > 6, "{moment}");
    assert_eq!(opened(&dir, "new"), 70_000);
}
