//! The comments and the texts of a Rust source, for the rules of prose. It has a small lexer of its own, because a parser drops comments.

/// Adjacent lines with their numbers, from 1.
pub type Lines = Vec<(usize, String)>;

/// Texts that begin with these are code: SQL, or the markup of a picture.
const CODE: [&str; 7] = ["PRAGMA ", "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "<"];

enum Token {
    /// Its marker (`//`, `///`, `//!` or `/*`) and what follows.
    Comment(&'static str, String),
    /// The value of a string literal.
    Text(String),
}

/// The comments of a source. Adjacent lines with the same marker are one comment.
pub fn comments(source: &str) -> Vec<Lines> {
    let mut comments: Vec<Lines> = Vec::new();
    let mut last = (0, "");
    for (line, is_first_in_line, token) in tokens(source) {
        let Token::Comment(marker, text) = token else { continue };
        let continues = is_first_in_line && last == (line - 1, marker);
        if !continues {
            comments.push(Vec::new());
        }
        comments.last_mut().unwrap().extend((line..).zip(text.lines().map(str::to_owned)));
        last = if is_first_in_line { (line, marker) } else { (0, "") };
    }
    comments
}

/// The texts of a source: its string literals of more than one word. Their lines have the number of the literal's first one. Indented lines
/// and commands are examples, so they are left empty.
pub fn texts(source: &str) -> Vec<Lines> {
    let is_example = |line: &str| line.starts_with(' ') || line.starts_with("curl ");
    let prose = |line: &str| if is_example(line) { String::new() } else { line.to_owned() };
    let texts = tokens(source).into_iter().filter_map(|(line, _, token)| match token {
        Token::Text(text) if text.trim().contains(' ') && !CODE.iter().any(|code| text.trim_start().starts_with(code)) => {
            Some(text.lines().map(|text| (line, prose(text))).collect())
        }
        _ => None,
    });
    texts.collect()
}

/// Comments and string literals in order. Each has its line, and whether nothing is before it in that line.
fn tokens(source: &str) -> Vec<(usize, bool, Token)> {
    let (mut tokens, mut line, mut is_first_in_line) = (Vec::new(), 1, true);
    let (mut rest, mut before) = (source, ' ');
    while let Some(first) = rest.chars().next() {
        let (length, token) = token(rest, before).unwrap_or((first.len_utf8(), None));
        if let Some(token) = token {
            tokens.push((line, is_first_in_line, token));
        }
        let (taken, after) = rest.split_at(length);
        line += taken.matches('\n').count();
        is_first_in_line = if taken == "\n" { true } else { is_first_in_line && taken.trim().is_empty() };
        before = taken.chars().next_back().unwrap_or(before);
        rest = after;
    }
    tokens
}

/// The comment or literal at the beginning of `rest`, with its length in bytes. `None` for any other character.
fn token(rest: &str, before: char) -> Option<(usize, Option<Token>)> {
    if rest.starts_with("/*") {
        let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
        return Some((length, Some(Token::Comment("/*", rest[2..length].trim_end_matches("*/").to_owned()))));
    }
    if rest.starts_with("//") {
        let length = rest.find('\n').unwrap_or(rest.len());
        let marker = ["//!", "///"].into_iter().find(|marker| rest.starts_with(marker)).unwrap_or("//");
        return Some((length, Some(Token::Comment(marker, rest[marker.len()..length].to_owned()))));
    }
    if rest.starts_with('\'') {
        return character(rest).map(|length| (length, None));
    }
    if rest.starts_with('"') {
        return Some(text(rest));
    }
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let hashes = rest.strip_prefix('r')?;
    let value = hashes.trim_start_matches('#').strip_prefix('"').filter(|_| !is_word(before) || before == 'b')?;
    let end = format!("\"{}", &hashes[..hashes.len() - value.len() - 1]);
    let length = value.find(&end)?;
    Some((rest.len() - value.len() + length + end.len(), Some(Token::Text(value[..length].to_owned()))))
}

/// The length of a character literal. `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    if rest.starts_with("'\\") {
        return rest.get(3..)?.find('\'').map(|end| end + 4);
    }
    let length = 1 + rest[1..].chars().next()?.len_utf8();
    rest[length..].starts_with('\'').then_some(length + 1)
}

/// A string literal that is not raw.
fn text(rest: &str) -> (usize, Option<Token>) {
    let mut value = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (at + 1, Some(Token::Text(value))),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, '\n')) => while characters.next_if(|(_, next)| next.is_whitespace()).is_some() {},
                escaped => value.extend(escaped.map(|(_, escaped)| escaped)),
            },
            _ => value.push(character),
        }
    }
    (rest.len(), None)
}

#[test]
fn comments_and_texts_are_found_and_nothing_else() {
    let of = |lines: Vec<Lines>| -> Vec<String> {
        let joined = |lines: Lines| lines.iter().map(|(line, text)| format!("{line}:{text}")).collect::<Vec<_>>().join("|");
        lines.into_iter().map(joined).collect()
    };
    let source = "//! one\n//! two\n\nfn f<'a>(x: &'a str) { // three\n    // four\n    g('\"', '\\'', \"// a b\"); /* five */\n}\n/// six";
    assert_eq!(of(comments(source)), ["1: one|2: two", "4: three", "5: four", "6: five ", "8: six"]);
    assert_eq!(of(texts(source)), ["6:// a b"]);
    let source =
        "f(\"one \\\n    two\\nthree\", r#\"a \"b\" c\"#, b\"word\", r\"\\\", br\"x y\");\n\"a\n  an example\nb \\\"c\\\"\"";
    assert_eq!(of(texts(source)), ["1:one two|1:three", "2:a \"b\" c", "2:x y", "3:a|3:|3:b \"c\""]);
    assert!(texts("\"SELECT a FROM b\" \"<text a=\\\"b\\\">\"").is_empty());
}
