//! The rules of prose, kept by a test. Many readers of these pages have another first language, and an idiom or a long sentence is a riddle
//! to them. The banned words are looked for in the Markdown pages, the functions' summaries and the OpenAPI document, and not yet in code
//! comments. Decisions before 0014 keep their words: they are records of their time.

use crate::costs_page::A_SLIP;
use build::generate::root;
use koban::registry::SERVICES;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The longest sentence, in words.
const SENTENCE_WORDS_MAX: usize = 25;

/// The first decision that keeps the rules.
const DECISION_FIRST: &str = "0014";

/// Banned words and phrases in small letters, each with what to write instead.
const REPLACEMENTS: &[(&str, &str)] = &[
    ("tell", "say, state, show or report"),
    ("tells", "says, states, shows or reports"),
    ("telling", "saying, stating, showing or reporting"),
    ("told", "said, stated, shown or reported"),
    ("whoever", "the person who, or anyone who"),
    ("whatever", "what, or anything that"),
    ("anew", "again"),
    ("stands", "is, or occurs"),
    ("stood", "was"),
    ("lies", "is"),
    ("hang", "be stuck, or depend"),
    ("hangs", "is stuck, or depends"),
    ("hanging", "stuck"),
    ("hung", "was stuck"),
    ("by itself", "automatically, or alone"),
    ("by themselves", "automatically, or alone"),
    ("worked off", "processed"),
    ("at hand", "available, or already read"),
    ("for ever", "without a time limit, or never with its verb"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("behaviour", "behavior"),
    ("cancelled", "canceled"),
    ("colour", "color"),
    ("licence", "license"),
    ("organisation", "organization"),
];

/// A paragraph, a list item, a heading or a table's cell.
struct Block {
    /// The line of the page that it begins at, from 1.
    line: usize,
    text: String,
}

/// The blocks of a Markdown page, without its fenced code.
fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut is_code, mut is_new) = (false, true);
    for (line, text) in (1..).zip(markdown.lines().map(str::trim)) {
        if text.starts_with("```") {
            is_code = !is_code;
            is_new = true;
        } else if is_code || text.is_empty() {
            is_new = true;
        } else if text.starts_with('|') {
            blocks.extend(text.split('|').map(|cell| Block { line, text: cell.trim().to_owned() }));
            is_new = true;
        } else {
            if is_new || begins_a_block(text) {
                blocks.push(Block { line, text: String::new() });
            }
            let block = blocks.last_mut().unwrap();
            block.text.push_str(text);
            block.text.push(' ');
            is_new = text.starts_with('#');
        }
    }
    blocks
}

/// Whether a line is a heading or begins an item of a list.
fn begins_a_block(line: &str) -> bool {
    let without_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with('#') || line.starts_with("- ") || (without_number.len() < line.len() && without_number.starts_with(". "))
}

/// The text without what is not prose: inline code counts as one word, the target of a link as none.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let text = parts.map(|(number, part)| if number % 2 == 0 { part } else { "code" }).collect::<String>();
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |prose, part| prose + part.split_once(')').map_or("", |(_, after)| after))
}

/// The banned words of `prose`, each with its replacement.
fn banned(prose: &str) -> Vec<String> {
    let lower = prose.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let words = format!(" {} ", words.join(" "));
    let found = REPLACEMENTS.iter().filter(|(word, _)| words.contains(&format!(" {word} ")));
    found.map(|(word, instead)| format!("\"{word}\": write {instead}")).collect()
}

/// The sentences of `prose` that are too long. A list's introduction ends with its paragraph.
fn long_sentences(prose: &str) -> Vec<String> {
    let mut long = Vec::new();
    let mut sentence: Vec<&str> = Vec::new();
    let mut words = prose.split_whitespace().peekable();
    while let Some(word) = words.next() {
        sentence.push(word);
        let ends = word.trim_end_matches(['*', ')', '"', '_']).ends_with(['.', '!', '?']);
        if ends || words.peek().is_none() {
            let count = sentence.iter().filter(|word| word.contains(char::is_alphanumeric)).count();
            if count > SENTENCE_WORDS_MAX {
                long.push(format!("{count} words, at most {SENTENCE_WORDS_MAX}: {}", sentence.join(" ")));
            }
            sentence.clear();
        }
    }
    long
}

/// The pages that keep the rules, relative to the root.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "terraform/README.md"].map(PathBuf::from).into();
    for folder in ["docs", "docs/decisions"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let is_older = name.starts_with(|c: char| c.is_ascii_digit()) && name.as_str() < DECISION_FIRST;
            if !is_older && Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                pages.push(Path::new(folder).join(name));
            }
        }
    }
    pages
}

/// Every summary and description of an OpenAPI document.
fn descriptions<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "summary" || name == "description" => found.push(text),
                    _ => descriptions(member, found),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                descriptions(item, found);
            }
        }
        _ => {}
    }
}

/// Each function's name with what its definition says of it.
fn says() -> impl Iterator<Item = (&'static str, &'static str)> {
    let functions = SERVICES.iter().flat_map(|service| service.functions);
    functions.flat_map(|function| [function.summary, function.doc].map(|text| (function.name, text)))
}

fn read(page: &Path) -> String {
    std::fs::read_to_string(root().join(page)).unwrap()
}

fn refuse(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_page_has_a_banned_word() {
    let mut faults = Vec::new();
    for page in pages() {
        // The operation's name is also that of a row in the budgets.
        for block in blocks(&read(&page)).iter().filter(|block| block.text != A_SLIP) {
            let found = banned(&prose(&block.text)).into_iter();
            faults.extend(found.map(|fault| format!("{}:{}: {fault}", page.display(), block.line)));
        }
    }
    refuse(&faults);
}

#[test]
fn the_api_is_described_without_banned_words() {
    let document: Value = serde_json::from_str(&read(Path::new("docs/openapi.json"))).unwrap();
    let mut texts = Vec::new();
    descriptions(&document, &mut texts);
    assert!(texts.len() > 50, "only {} descriptions found", texts.len());
    texts.sort_unstable();
    texts.dedup();
    let faults =
        texts.into_iter().flat_map(|text| banned(&prose(text)).into_iter().map(move |fault| format!("{fault} in: {text}")));
    refuse(&faults.collect::<Vec<_>>());
}

#[test]
fn no_function_says_a_banned_word() {
    let faults = says().flat_map(|(name, text)| banned(&prose(text)).into_iter().map(move |fault| format!("{name}: {fault}")));
    refuse(&faults.collect::<Vec<_>>());
}

#[test]
fn no_sentence_that_readers_see_first_is_too_long() {
    let readme = blocks(&read(Path::new("README.md")));
    assert!(readme.len() > 50, "only {} blocks found", readme.len());
    let faults_of = |at: String, text: &str| {
        let long = long_sentences(&prose(text)).into_iter();
        long.map(|fault| format!("{at}: {fault}")).collect::<Vec<_>>()
    };
    let of_readme = readme.iter().flat_map(|block| faults_of(format!("README.md:{}", block.line), &block.text));
    let of_functions = says().flat_map(|(name, text)| faults_of(name.to_owned(), text));
    refuse(&of_readme.chain(of_functions).collect::<Vec<_>>());
}

#[test]
fn a_banned_word_is_found_in_prose_alone() {
    let found = |markdown: &str| -> Vec<(usize, String)> {
        let blocks = blocks(markdown).into_iter();
        blocks.flat_map(|block| banned(&prose(&block.text)).into_iter().map(move |fault| (block.line, fault))).collect()
    };
    let told = (1, "\"told\": write said, stated, shown or reported".to_owned());
    let by_itself = (1, "\"by itself\": write automatically, or alone".to_owned());
    for page in ["It was told.", "# Told", "- told: twice", "[was told](a.md)", "**Told**", "| a | told |"] {
        assert_eq!(found(page), [told.clone()], "{page}");
    }
    assert_eq!(found("It runs by\nitself, and `told` is code"), [by_itself]);
    for page in ["```\ntold\n```", "`told`", "[a](told.md)", "untold", "It runs by its own clock."] {
        assert!(found(page).is_empty(), "{page}: {:?}", found(page));
    }
    assert_eq!(found("a\n\n- b\n- told")[0].0, 4);
}

#[test]
fn the_length_of_a_sentence_is_counted_in_words() {
    let sentence = |words: usize| format!("{}end.", "word ".repeat(words - 1));
    let count = |text: &str| long_sentences(text).len();
    let (longest, too_long) = (sentence(SENTENCE_WORDS_MAX), sentence(SENTENCE_WORDS_MAX + 1));
    assert_eq!([count(&longest), count(&too_long)], [0, 1]);
    assert_eq!(count(&format!("{longest} {longest}")), 0);
    assert_eq!(count(&format!("({longest}) **{too_long}** {too_long}")), 2);
    assert_eq!(count(too_long.trim_end_matches('.')), 1, "the end of a block ends a sentence");
    assert_eq!(count(&format!("– {longest}")), 0, "a dash is no word");
}
