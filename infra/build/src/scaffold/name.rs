//! Names of functions, queues and services, and what follows from them. A name that is accepted here can be a file, a module, a Lambda and
//! a role without further checks.

use super::ScaffoldError;
use platform::Service;

/// AWS takes 64 letters for a role; the environment's prefix comes before.
const LENGTH_MAX: usize = 40;

/// Rust's reserved words, and what every handler calls its call.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "call", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A function's name: verb and noun.
#[derive(Debug, Clone)]
pub struct Name(String);

impl Name {
    pub fn parse(text: &str) -> Result<Self, ScaffoldError> {
        let fits = is_kebab(text) && text.contains('-');
        if fits { Ok(Self(text.to_owned())) } else { Err(ScaffoldError::Name(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file's and module's name.
    pub fn stem(&self) -> String {
        self.0.replace('-', "_")
    }

    /// What the handler is called; `handle` where Rust or the prelude has the verb already.
    pub fn verb(&self) -> String {
        let verb = self.0.split('-').next().unwrap_or_default();
        let is_free = is_identifier(verb) && !["calls", "wru"].contains(&verb);
        if is_free { verb.to_owned() } else { "handle".to_owned() }
    }

    /// What it is about, in words: `wallet lines`.
    pub fn noun(&self) -> String {
        self.0.split('-').skip(1).collect::<Vec<_>>().join(" ")
    }

    /// The noun as the beginning of a type's name: `WalletLines`.
    pub fn noun_type(&self) -> String {
        camel(self.0.split_once('-').map_or("", |(_, noun)| noun))
    }

    /// Refuses the name of another function.
    pub fn check_free(&self, services: &[&'static Service]) -> Result<(), ScaffoldError> {
        let has = |service: &&&'static Service| service.functions.iter().any(|function| function.name == self.0);
        match services.iter().find(has) {
            Some(service) => Err(ScaffoldError::NameTaken { name: self.0.clone(), stem: self.stem(), service: service.name }),
            None => Ok(()),
        }
    }
}

/// Words of small letters and digits, each beginning with a letter, with hyphens between.
pub fn is_kebab(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    };
    text.len() <= LENGTH_MAX && text.split('-').all(word)
}

/// A name that a variable, a field or a crate can bear.
pub fn is_identifier(text: &str) -> bool {
    is_kebab(&text.replace('_', "-")) && !text.contains('-') && !RESERVED.contains(&text)
}

/// The name of a constant: `SWEEP_RACES`.
pub fn constant(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

/// The name of a type: `SweepRaces`.
pub fn camel(name: &str) -> String {
    let capitalized = |word: &str| word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default();
    name.split('-').map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_and_a_noun() {
        for good in ["get-race", "list-wallet-lines", "settle-v2"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        let long = format!("get-{}", "x".repeat(40));
        for bad in ["", "race", "get_race", "Get-race", "get-", "-race", "get--race", "get-2", "get-rennen-ü", &long] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_follows_from_it() {
        let name = Name::parse("list-wallet-lines").unwrap();
        assert_eq!(
            (name.stem(), name.noun(), name.noun_type()),
            ("list_wallet_lines".into(), "wallet lines".into(), "WalletLines".into())
        );
        assert_eq!((constant("sweep-races"), camel("sweep-races")), ("SWEEP_RACES".into(), "SweepRaces".into()));
        for (name, verb) in [("list-cards", "list"), ("match-cards", "handle"), ("calls-count", "handle")] {
            assert_eq!(Name::parse(name).unwrap().verb(), verb);
        }
        assert!(is_identifier("race_day") && !is_identifier("type") && !is_identifier("call") && !is_identifier("a-b"));
    }
}
