//! Sealed files that prove nothing, in trees.

use crate::tree_common::{home, open_tree, put};

/// Under any key it opens to nothing, so that it must not vouch for an empty file.
#[test]
fn a_header_alone_is_no_proof_of_a_plaintext() {
    let dir = home();
    let header = [&b"GFE\x01"[..], &[7; 12], &[0; 8]].concat();
    put(&dir, "t/a.gfe", &header);
    let nothing = "nothing in this file is authenticated, not even that it is empty: anyone can make \
                   one like it";
    // It opens, with a warning.
    let opened = open_tree(&dir, &["t"]).run();
    let said = opened.stderr();
    assert!(
        said.contains(&format!("fetool: t/a.gfe: warning: {nothing}\n")),
        "{said}"
    );
    assert_eq!(opened.code(), Some(0), "{said}");
    assert_eq!(dir.read("t/a"), b"");
    // Strictly it does not.
    let strict = open_tree(&dir, &["--strict", "--force", "t"]).run();
    assert_eq!(strict.code(), Some(3), "{}", strict.stderr());
    // It verifies nothing that is there, and is not removed for it.
    for args in [
        &["--skip-existing", "--verify-existing", "t"][..],
        &["--remove-source", "t"],
    ] {
        let ended = open_tree(&dir, args).run();
        let said = ended.stderr();
        assert_eq!(ended.code(), Some(3), "{said}");
        assert!(said.contains(nothing), "{said}");
        assert_eq!(dir.read("t/a.gfe"), header);
    }
}
