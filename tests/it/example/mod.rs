//! The tests that `koban new` writes for the functions of `tests/example`, here compiled, run and required to fail. A new function's test
//! must not pass before the function is written, and must say what to do. They are what is written but for the attribute, which would run
//! them with all others; `scaffold` compares them.

mod examples;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::panic::AssertUnwindSafe;
use testing::Target;

type Test = fn() -> LocalBoxFuture<'static, ()>;

/// The modules and their tests, by the functions' stems.
macro_rules! tests {
    ($($stem:ident),+) => {
        $(mod $stem;)+
        pub const TESTS: &[(&str, Test)] = &[$((stringify!($stem), || $stem::it_is_written().boxed_local())),+];
    };
}

tests![
    get_card,
    create_card,
    replace_card,
    change_card,
    remove_card,
    clear_cards,
    list_cards,
    count_cards,
    sweep_old_cards,
    close_months
];

/// What a function that is not written does instead of what its test asks for.
fn does_instead(stem: &str) -> &'static str {
    match stem {
        "count_cards" | "sweep_old_cards" | "close_months" => "left: \"0 of 1 handled\"",
        _ => "left: 500",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_of_a_new_function_fails_and_says_what_to_write() {
    if Target::is_deployed() {
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
