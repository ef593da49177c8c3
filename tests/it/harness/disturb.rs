//! Faults with a purpose: a function's commit that is held back while everything else goes on, a queue that loses what it is given.

use koban::cloud::connector::{Call, Fault, Faults};
use koban::cloud::engine::Reply;
use serde_json::{Value, json};
use std::sync::{Arc, Condvar, Mutex};

/// Holds a function's first transaction back, before it is written, until it is let go.
pub struct Holds {
    function: &'static str,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(PartialEq, Eq)]
enum State {
    NotYet,
    Holding,
    LetGo,
}

impl Holds {
    pub fn first(function: &'static str) -> Arc<Self> {
        Arc::new(Self { function, state: State::NotYet.into(), changed: Condvar::new() })
    }

    pub fn is_holding(&self) -> bool {
        *self.state.lock().unwrap() == State::Holding
    }

    pub fn let_go(&self) {
        *self.state.lock().unwrap() = State::LetGo;
        self.changed.notify_all();
    }
}

impl Faults for Holds {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        if call.function == self.function && call.operation == "TransactWriteItems" {
            let mut state = self.state.lock().unwrap();
            if *state == State::NotYet {
                *state = State::Holding;
                let _held = self.changed.wait_while(state, |state| *state == State::Holding).unwrap();
            }
        }
        None
    }
}

/// A queue that says yes and keeps nothing.
pub struct LosesMessagesTo(pub &'static str);

impl Faults for LosesMessagesTo {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let lost = call.operation == "SendMessageBatch" && String::from_utf8_lossy(call.body).contains(self.0);
        lost.then(|| {
            let request: Value = serde_json::from_slice(call.body).unwrap();
            let kept = |entry: &Value| json!({"Id": entry["Id"], "MessageId": "lost", "MD5OfMessageBody": ""});
            let sent: Vec<_> = request["Entries"].as_array().unwrap().iter().map(kept).collect();
            Fault::Reply(Reply { status: 200, body: json!({"Successful": sent, "Failed": []}).to_string() })
        })
    }
}
