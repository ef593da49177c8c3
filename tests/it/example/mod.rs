//! The tests that `koban new` writes for the functions of `tests/example`, here compiled, run and required to fail: a new function's test
//! must not pass before the function is written, and must say what to do. Beside the attribute, which would run them by themselves, and
//! the cloud they start, which serves the example, too, they are what is written; `scaffold` holds them to it.

use crate::harness;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use harness::random_text;
use koban::registry::SERVICES;
use platform::Service;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;

/// Every service, and the example.
pub static WITH_THE_EXAMPLE: LazyLock<Vec<&Service>> = LazyLock::new(|| [SERVICES, &[&example::SERVICE]].concat());

type Test = fn() -> LocalBoxFuture<'static, ()>;

/// The modules and their tests, by the functions' stems.
macro_rules! tests {
    ($($stem:ident),+) => {
        $(mod $stem;)+
        pub const TESTS: &[(&str, Test)] = &[$((stringify!($stem), || $stem::it_is_written().boxed_local())),+];
    };
}

tests![get_card, create_card, replace_card, change_card, remove_card, clear_cards, list_race_cards, count_cards, sweep_old_cards];

/// Starts the local cloud with the example in it.
struct Target;

impl Target {
    async fn start() -> harness::Target {
        Self::start_local().await.expect("a local cloud")
    }

    async fn start_local() -> Option<harness::Target> {
        harness::Target::start_local_with(|config| config.services = &WITH_THE_EXAMPLE).await
    }
}

/// What a function that is not written does instead of what its test asks for.
fn does_instead(stem: &str) -> &'static str {
    match stem {
        // The test's `race` is the id of none.
        "list_race_cards" => "left: 404",
        "count_cards" => "left: \"0 of 1 handled\"",
        // A sweep without a call of anything.
        "sweep_old_cards" => "",
        _ => "left: 501",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_of_a_new_function_fails_and_says_what_to_write() {
    if harness::Target::is_deployed() {
        return;
    }
    for (stem, test) in TESTS {
        let Err(panic) = AssertUnwindSafe(test()).catch_unwind().await else {
            panic!("{stem} is not written, and its test passes")
        };
        let literal = panic.downcast_ref::<&str>().copied();
        let said = literal.unwrap_or_else(|| panic.downcast_ref::<String>().unwrap());
        let todo = format!("write functions/example/src/{stem}.rs, then say here what may be relied on");
        assert!(said.contains(&todo) && said.contains(does_instead(stem)), "{stem}: {said}");
    }
}
