//! Entries put into lists that people keep. Each edit looks for the one line that begins with its anchor and gives up, changing nothing,
//! when there is none or more than one.

/// Appends `entry` to the list whose line begins with `anchor`, which ends with the opening bracket.
pub fn append(text: &str, anchor: &str, entry: &str) -> Result<String, String> {
    let fault = || anchor.to_owned();
    let open = the_line(text, anchor).ok_or_else(fault)? + anchor.len();
    let close = open + closing(&text[open..]).ok_or_else(fault)?;
    let (head, body, tail) = (&text[..open], &text[open..close], &text[close..]);
    let code: String = body.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let body = body.trim_end();
    match code.trim_end().chars().next_back() {
        None => Ok(format!("{head}{entry}{tail}")),
        Some(',') => Ok(format!("{head}{body}\n{entry},\n{tail}")),
        // A comment would swallow the comma.
        Some(_) if body.contains("//") => Err(fault()),
        Some(_) => Ok(format!("{head}{body}, {entry}{tail}")),
    }
}

/// Adds the declaration of a module to the others, or before the first item where there are none. rustfmt sorts them.
pub fn add_module(text: &str, declared: &str) -> Result<String, String> {
    let is_module = |line: &&str| line.starts_with("mod ") || line.starts_with("pub mod ");
    let is_item =
        |line: &&str| ["use ", "pub use ", "pub ", "platform::", "testing::"].iter().any(|begin| line.starts_with(begin));
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(at) = lines.iter().position(is_module) {
        lines.insert(at, declared);
    } else {
        let at = lines.iter().position(is_item).ok_or_else(|| "mod ".to_owned())?;
        lines.splice(at..at, [declared, ""]);
    }
    Ok(lines.join("\n") + "\n")
}

/// Puts `line` behind the last line that begins with one of `prefixes`.
pub fn insert_behind(text: &str, prefixes: &[String], line: &str) -> Result<String, String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let fits = |other: &&str| prefixes.iter().any(|prefix| other.starts_with(prefix.as_str()));
    let last = lines.iter().rposition(fits).ok_or_else(|| prefixes.join("` or `"))?;
    lines.insert(last + 1, line);
    Ok(lines.join("\n") + "\n")
}

/// Where the one line begins, after its indentation, that begins with `anchor`.
fn the_line(text: &str, anchor: &str) -> Option<usize> {
    let begins = |(at, _): &(usize, &str)| text[..*at].rsplit('\n').next().is_some_and(|before| before.trim().is_empty());
    let mut found = text.match_indices(anchor).filter(begins);
    let (at, _) = found.next()?;
    found.next().is_none().then_some(at)
}

/// Where the bracket closes that was open before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    for (at, letter) in text.char_indices() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(text: &str) -> Result<String, String> {
        append(text, "list![", "new")
    }

    #[test]
    fn an_entry_goes_to_the_end_of_its_list_however_it_is_written() {
        assert_eq!(appended("list![a, b];").unwrap(), "list![a, b, new];");
        assert_eq!(appended("list![\n    a,\n    b,\n];").unwrap(), "list![\n    a,\n    b,\nnew,\n];");
        assert_eq!(appended("list![];").unwrap(), "list![new];");
        assert_eq!(appended("//! the list![…]\nlist![a[1]];").unwrap(), "//! the list![…]\nlist![a[1], new];");
        assert_eq!(appended("list![\n    a, // why\n];").unwrap(), "list![\n    a, // why\nnew,\n];");
    }

    #[test]
    fn a_list_that_is_not_found_for_certain_is_left_alone() {
        for text in ["", "other![a];", "list![a];\nlist![b];", "list![a", "list![a // why\n];"] {
            assert_eq!(appended(text), Err("list![".to_owned()), "{text}");
        }
        assert!(add_module("//! none\n", "mod b;").is_err());
        assert!(insert_behind("[dependencies]\n", &["a = ".into()], "b = 1").is_err());
    }

    #[test]
    fn a_module_joins_the_others() {
        assert_eq!(add_module("//! x\n\nmod a;\nmod c;\n", "mod b;").unwrap(), "//! x\n\nmod b;\nmod a;\nmod c;\n");
        assert_eq!(add_module("//! x\n\npub mod a;\n", "mod b;").unwrap(), "//! x\n\nmod b;\npub mod a;\n");
        let item = "platform::functions![];\n";
        assert_eq!(add_module(&format!("//! x\n\n{item}"), "mod b;").unwrap(), format!("//! x\n\nmod b;\n\n{item}"));
    }

    #[test]
    fn an_entry_of_a_manifest_comes_after_its_neighbors() {
        assert_eq!(
            insert_behind("a = 1\nb = 2\n\nc = 3\n", &["a ".into(), "b ".into()], "x = 0").unwrap(),
            "a = 1\nb = 2\nx = 0\n\nc = 3\n"
        );
    }
}
