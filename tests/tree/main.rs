//! Whole trees of files.

#[path = "../cli_common/mod.rs"]
mod cli_common;
#[path = "../trace_common/mod.rs"]
mod trace_common;
#[path = "../tree_common/mod.rs"]
mod tree_common;

// New keys are cheap to derive here.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn cheap_keys() {
        // SAFETY: before `main` there is one thread.
        unsafe { std::env::set_var("FETOOL_CHEAP_KEYS", "1") }
    }
}

mod backup_dir;
mod became;
mod carried_over;
mod delete;
mod existing;
mod faults;
mod follow;
mod many;
mod model;
mod one_name;
mod output;
mod overlaps;
mod proof;
mod rekey;
mod roundtrip;
mod selection;
mod update;
