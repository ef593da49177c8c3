//! Faults with a purpose: a call that is held back, so that something else happens first, and a queue that loses what it is given.

use cloud::connector::{Call, Fault, Faults};
use cloud::engine::Reply;
use serde_json::{Value, json};
use std::sync::{Arc, Condvar, Mutex};

/// Holds the first call of an operation by a function back until it is let go. A test that holds one thread needs another for the rest.
pub struct Holds {
    function: &'static str,
    operation: &'static str,
    state: Mutex<Held>,
    changed: Condvar,
}

#[derive(PartialEq, Eq)]
enum Held {
    NotYet,
    Now,
    LetGo,
}

impl Holds {
    pub fn the_first(operation: &'static str, function: &'static str) -> Arc<Self> {
        Arc::new(Self { function, operation, state: Held::NotYet.into(), changed: Condvar::new() })
    }

    /// Something, once the call is being held.
    pub fn is_holding(&self) -> Option<()> {
        (*self.state.lock().unwrap() == Held::Now).then_some(())
    }

    pub fn let_go(&self) {
        *self.state.lock().unwrap() = Held::LetGo;
        self.changed.notify_all();
    }
}

impl Faults for Holds {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        if call.function == self.function && call.operation == self.operation {
            let mut state = self.state.lock().unwrap();
            if *state == Held::NotYet {
                *state = Held::Now;
                let _held = self.changed.wait_while(state, |state| *state == Held::Now).unwrap();
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
