//! The example service: say here what it is for, and what it owns.

pub mod messages;
mod prelude;

use platform::Service;

platform::functions![
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

pub static SERVICE: Service = Service::new("example", "Say in a line what people do with it.", &[], FUNCTIONS);
