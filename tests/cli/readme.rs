//! The README's recipes, run as they are printed, in their order, and then once more.

use crate::cli_common::screen::Screen;
use crate::cli_common::{Dir, data, program, shell, until};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What is typed wherever a passphrase is asked for.
const PASSPHRASE: &str = "correct horse battery staple\n";

/// The titles and the commands of all recipes.
fn recipes() -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).expect("it can be read");
    let (_, recipes) = readme.split_once("\n## Recipes\n").expect("it has recipes");
    let (recipes, _) = recipes.split_once("\n## ").expect("something follows them");
    let recipes = recipes.split("\n### ").skip(1).map(|recipe| {
        let (title, _) = recipe.split_once('\n').expect("a title");
        let (_, commands) = recipe.split_once("\n```sh\n").expect("commands");
        let (commands, rest) = commands.split_once("\n```").expect("their end");
        assert!(!rest.contains("```"), "{title}: one block a recipe");
        (title.to_owned(), commands.to_owned())
    });
    recipes.collect()
}

/// What a newcomer has, and `fetool` where the shell finds it.
fn newcomer() -> Dir {
    let dir = Dir::new();
    for name in ["photos/2026", "home/.ssh", "path"] {
        fs::create_dir_all(dir.path(name)).unwrap();
    }
    dir.write("photos/2026/beach.jpg", data(200_000));
    dir.write("photos/empty.jpg", "");
    dir.write("notes.txt", "Notes.\n");
    dir.write("plans.pdf", data(70_000));
    let ssh = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age");
    for (name, to) in [
        ("ssh_ed25519", "id_ed25519"),
        ("ssh_ed25519.pub", "id_ed25519.pub"),
    ] {
        fs::copy(ssh.join(name), dir.path(format!("home/.ssh/{to}"))).unwrap();
    }
    dir.set_mode("home/.ssh/id_ed25519", 0o600);
    symlink(program(), dir.path("path/fetool")).unwrap();
    dir
}

/// Types the passphrase at every prompt, until the process ends.
fn answer_all(screen: Screen) -> (Option<i32>, String) {
    let mut answered = 0;
    let mut screen = screen;
    until("the recipe ends", || {
        let prompts = screen.seen().matches("passphrase").count();
        if prompts > answered && !screen.echoes() {
            screen.types(PASSPHRASE);
            answered = prompts;
        }
        !screen.job.runs()
    });
    let (ended, seen) = screen.end();
    (ended.code(), seen)
}

#[test]
fn every_recipe_works_as_printed_and_once_more() {
    let dir = newcomer();
    let path = format!("{}:/usr/bin:/bin", dir.text("path"));
    let recipes = recipes();
    assert!(recipes.len() >= 10, "{} recipes", recipes.len());
    for time in ["first", "second"] {
        for (title, commands) in &recipes {
            let screen = shell(&format!("set -eu\n{commands}\n"), [""; 0])
                .within(&dir)
                .env("PATH", &path)
                .env("HOME", dir.text("home"))
                .on_terminal();
            let (status, seen) = answer_all(screen);
            assert_eq!(status, Some(0), "{title}, the {time} time: {seen}");
        }
        // What came back is what went in.
        for (opened, plain) in [
            ("plans-opened.pdf", "plans.pdf"),
            ("notes-opened.txt", "notes.txt"),
            ("notes-again.txt", "notes.txt"),
            ("plans-again.pdf", "plans.pdf"),
            ("restored/photos/2026/beach.jpg", "photos/2026/beach.jpg"),
        ] {
            assert!(dir.read(opened) == dir.read(plain), "{opened}, {time}");
        }
        assert_eq!(dir.read("photos/2026/beach.jpg"), data(200_000));
        assert_eq!(dir.read("end-of-photos").len(), 1024);
        assert_eq!(dir.read("second-block").len(), 512);
        assert!(dir.read("photos-rescued.tar").len() > 200_000);
    }
}
