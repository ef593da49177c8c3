//! The example service: say here what it is for, and what it owns.

platform::functions![
    get_card,
    create_card,
    replace_card,
    change_card,
    remove_card,
    clear_cards,
    list_race_cards,
    count_cards,
    sweep_old_cards
];

pub static SERVICE: platform::resource::Service = platform::resource::Service {
    name: "example",
    doc: "Say in a line what people do with it.",
    tables: &[],
    queues: &[&COUNTED_CARDS, &SWEEP_OLD_CARDS],
    topics: &[],
    secrets: &[],
    alarms: &[],
    functions: FUNCTIONS,
};

pub static COUNTED_CARDS: platform::resource::Queue = platform::resource::Queue {
    name: "counted-cards",
    doc: "Say in a line what waits here.",
    receives_max: 5,
    subscriptions: &[],
};

pub static SWEEP_OLD_CARDS: platform::resource::Queue = platform::resource::Queue {
    name: "sweep-old-cards",
    doc: "The clock's call to sweep-old-cards.",
    receives_max: 5,
    subscriptions: &[],
};
