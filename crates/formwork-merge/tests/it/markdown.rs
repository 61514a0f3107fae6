//! Markdown.

use insta::assert_snapshot;

const README: &str = "# Shop

A service.

## Run

Start it with:

```sh
cargo run
```

## Configuration

| Key | Meaning |
|---|---|
| `a` | The first. |
| `b` | The second. |

- one
- two

## Licence

MIT
";

/// Shows a part of: C-32.
#[test]
fn sections_of_both_sides_are_kept() {
    let ours = README
        .replace("cargo run\n", "cargo run --release\n")
        .replace(
            "| `b` | The second. |\n",
            "| `b` | The second. |\n| `c` | The third. |\n",
        )
        .replace("- two\n", "- two\n- three\n")
        .replace("## Licence", "## Brokers\n\nNATS.\n\n## Licence");
    let theirs = README
        .replace("A service.", "A service of mine,\nfor a shop.")
        .replace(
            "| `b` | The second. |\n",
            "| `b` | The second, by far. |\n| `mine` | Mine. |\n",
        )
        .replace("- two\n", "- two\n- mine\n  and more of it\n")
        .replace("## Licence", "## Contact\n\nMe.\n\n## Licence");
    assert_snapshot!(crate::merged("README.md", README, &ours, &theirs));
}

/// Shows a part of: C-32.
#[test]
fn a_section_may_be_moved() {
    let ours = README.replace("MIT\n", "MIT or Apache-2.0\n");
    let theirs = README
        .replace("\n## Licence\n\nMIT\n", "")
        .replace("## Run", "## Licence\n\nMIT\n\n## Run");
    assert_snapshot!(crate::merged("README.md", README, &ours, &theirs));
}
