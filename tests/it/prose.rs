//! The rules of prose, kept by a test. Many readers have another first language, and an idiom or a long sentence is a riddle to them. No
//! page, comment, text of the program, function's summary or description of the API has a banned word or too long a sentence.

mod source;

use crate::house::rust_files;
use build::generate::root;
use koban::registry::SERVICES;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The longest sentence, in words.
const SENTENCE_WORDS_MAX: usize = 25;

/// Where string literals are not held to the rules, each with the reason. Comments are held everywhere.
const TEXTS_NOT_HELD: &[(&str, &str)] =
    &[("infra/cloud/src/connector", "its replies are AWS's own, to the word"), ("tests/it/prose.rs", "it has the banned words")];

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
    ("neighbour", "neighbor"),
    ("neighbours", "neighbors"),
    ("favour", "favor"),
    ("artefact", "artifact"),
    ("artefacts", "artifacts"),
    ("recognise", "recognize"),
    ("recognised", "recognized"),
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
    blocks_of((1..).zip(markdown.lines()))
}

/// The blocks of numbered lines in Markdown.
fn blocks_of<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut is_code, mut is_new) = (false, true);
    for (line, text) in lines {
        let text = text.trim();
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
                long.push(format!(
                    "{count} words, at most {SENTENCE_WORDS_MAX}, so make two sentences of: {}",
                    sentence.join(" ")
                ));
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
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
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

/// What is wrong with a text that is at `place`.
fn faults_of(place: &str, text: &str) -> Vec<String> {
    let prose = prose(text);
    let banned = banned(&prose).into_iter().map(|fault| format!("{place}: {fault}, in: {}", text.trim()));
    banned.chain(long_sentences(&prose).into_iter().map(|fault| format!("{place}: {fault}"))).collect()
}

/// What is wrong with some lines of the file at `path`.
fn faults_of_lines(path: &Path, lines: &source::Lines) -> Vec<String> {
    let blocks = blocks_of(lines.iter().map(|(line, text)| (*line, text.as_str())));
    blocks.iter().flat_map(|block| faults_of(&format!("{}:{}", path.display(), block.line), &block.text)).collect()
}

#[test]
fn every_page_keeps_the_rules() {
    let mut faults = Vec::new();
    for page in pages() {
        let text = read(&page);
        let lines = (1..).zip(text.lines().map(str::to_owned)).collect();
        faults.extend(faults_of_lines(&page, &lines));
    }
    refuse(&faults);
}

#[test]
fn every_comment_keeps_the_rules() {
    let mut count = 0;
    let mut faults = Vec::new();
    for (path, text) in rust_files() {
        let comments = source::comments(&text);
        count += comments.len();
        faults.extend(comments.iter().flat_map(|lines| faults_of_lines(&path, lines)));
    }
    assert!(count > 1_000, "only {count} comments found");
    refuse(&faults);
}

#[test]
fn every_text_of_the_program_keeps_the_rules() {
    let mut count = 0;
    let mut faults = Vec::new();
    let mut not_held: BTreeMap<&str, usize> = TEXTS_NOT_HELD.iter().map(|(path, _)| (*path, 0)).collect();
    for (path, text) in rust_files() {
        let texts = source::texts(&text);
        count += texts.len();
        let found = texts.iter().flat_map(|lines| faults_of_lines(&path, lines));
        match not_held.iter_mut().find(|(not_held, _)| path.starts_with(not_held)) {
            Some((_, excused)) => *excused += found.count(),
            None => faults.extend(found),
        }
    }
    assert!(count > 1_000, "only {count} texts found");
    refuse(&faults);
    assert!(not_held.values().all(|excused| *excused > 0), "what has no fault needs no exception: {not_held:?}");
}

/// The names of a source's functions, each with its line. The name of a test is a sentence.
fn function_names(source: &str) -> Vec<(usize, &str)> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let names = (1..).zip(source.lines()).filter_map(|(number, line)| {
        let (_, after) = line.split_once("fn ")?;
        let name = after.split(|character| !is_name(character)).next()?;
        (!name.is_empty()).then_some((number, name))
    });
    names.collect()
}

#[test]
fn every_functions_name_keeps_the_rules() {
    let mut count = 0;
    let mut faults = Vec::new();
    for (path, text) in rust_files() {
        for (line, name) in function_names(&text) {
            count += 1;
            faults.extend(banned(name).into_iter().map(|fault| format!("{}:{line}: {fault}, in: {name}", path.display())));
        }
    }
    assert!(count > 1_000, "only {count} functions found");
    refuse(&faults);
    let name = format!("what_is_{}", "told");
    let source = format!("struct A;\n    pub async fn {name}<E: Examples>() {{\n");
    assert_eq!(function_names(&source), [(2, name.as_str())]);
    assert_eq!(banned(&name), ["\"told\": write said, stated, shown or reported"]);
}

#[test]
fn every_description_of_the_api_keeps_the_rules() {
    let document: Value = serde_json::from_str(&read(Path::new("docs/openapi.json"))).unwrap();
    let mut texts = Vec::new();
    descriptions(&document, &mut texts);
    assert!(texts.len() > 50, "only {} descriptions found", texts.len());
    texts.sort_unstable();
    texts.dedup();
    refuse(&texts.into_iter().flat_map(|text| faults_of("docs/openapi.json", text)).collect::<Vec<_>>());
}

#[test]
fn every_function_says_what_it_does_by_the_rules() {
    refuse(&says().flat_map(|(name, text)| faults_of(name, text)).collect::<Vec<_>>());
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
        assert_eq!(found(page), std::slice::from_ref(&told), "{page}");
    }
    assert_eq!(found("It runs by\nitself, and `told` is code"), [by_itself]);
    for page in ["```\ntold\n```", "`told`", "[a](told.md)", "untold", "It runs by its own clock."] {
        assert!(found(page).is_empty(), "{page}: {:?}", found(page));
    }
    assert_eq!(found("a\n\n- b\n- told")[0].0, 4);
}

#[test]
fn a_source_is_held_in_its_comments_and_texts() {
    let words = "word ".repeat(SENTENCE_WORDS_MAX);
    let source = format!("//! It was\n//! told.\nfn f() {{\n    g(\"it hangs\\nagain\", \"told\"); // {words}end.\n}}\n");
    let found = |pieces: Vec<source::Lines>| -> Vec<String> {
        pieces.iter().flat_map(|lines| faults_of_lines(Path::new("x.rs"), lines)).collect()
    };
    let of_comments = found(source::comments(&source));
    let told = "x.rs:1: \"told\": write said, stated, shown or reported, in: It was told.";
    assert_eq!(of_comments[0], told);
    assert!(of_comments[1].starts_with("x.rs:4: 26 words, at most 25, so make two sentences of: word word"), "{of_comments:?}");
    assert_eq!(of_comments.len(), 2);
    assert_eq!(found(source::texts(&source)), ["x.rs:4: \"hangs\": write is stuck, or depends, in: it hangs again"]);
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
