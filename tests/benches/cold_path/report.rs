//! What the benchmark found: one table of instructions and sizes, the same as JSON, and whether it is what is asked.

use crate::binaries::{Built, FUNCTION, YARDSTICK};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

/// What is asked: the lean function's instructions, of those of the SDK's defaults.
const RATIO_MAX: f64 = 0.05;

/// Instructions from exec.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// To the first request for work.
    pub init: u64,
    /// To the second, when the first event is answered.
    pub total: u64,
}

/// Everything found in one run.
pub struct Report {
    pub lean: Count,
    pub defaults: Count,
    pub built: Built,
    /// How many roots the SDK's defaults read.
    pub trusted: usize,
}

impl Count {
    const fn first_request(self) -> u64 {
        self.total.saturating_sub(self.init)
    }

    fn cells(self) -> [String; 3] {
        [self.init, self.first_request(), self.total].map(millions)
    }

    fn json(self) -> Value {
        json!({"init": self.init, "first_request": self.first_request(), "total": self.total})
    }
}

impl Report {
    pub fn reached(&self) -> bool {
        self.ratio() <= RATIO_MAX
    }

    fn ratio(&self) -> f64 {
        as_f64(self.lean.total) / as_f64(self.defaults.total)
    }

    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(["", "init, M instr.", "first request", "total", "binary, KB", "zip, KB"]);
        let kilobytes = |bytes: u64| (bytes / 1_000).to_string();
        let mut row = |name: &str, counts: [String; 3], binary: u64, zip: u64| {
            let mut cells = vec![name.to_owned()];
            cells.extend(counts);
            cells.extend([kilobytes(binary), kilobytes(zip)]);
            table.add_row(cells);
        };
        row(YARDSTICK, self.defaults.cells(), self.built.defaults_bytes, self.built.defaults_zip_bytes);
        for (name, function) in &self.built.manifest.functions {
            let counts = if name == FUNCTION.name { self.lean.cells() } else { Default::default() };
            row(name, counts, function.binary_bytes, function.bytes);
        }
        for column in 1..6 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    pub fn verdict(&self) -> String {
        let word = if self.reached() { "ok  " } else { "MISS" };
        let (ratio, name) = (self.ratio(), FUNCTION.name);
        format!(
            "{word} {name} takes {ratio:.4} of the instructions of {YARDSTICK} (asked: {RATIO_MAX}), which trusts {} roots",
            self.trusted
        )
    }

    pub fn json(&self) -> Value {
        json!({
            "ratio": self.ratio(),
            "ratio_max": RATIO_MAX,
            "reached": self.reached(),
            "instructions": {YARDSTICK: self.defaults.json(), FUNCTION.name: self.lean.json()},
            "sizes": {
                YARDSTICK: {"bytes": self.built.defaults_zip_bytes, "binary_bytes": self.built.defaults_bytes},
                "functions": self.built.manifest.functions,
            },
            "roots_of_defaults": self.trusted,
        })
    }
}

fn millions(instructions: u64) -> String {
    format!("{:.2}", as_f64(instructions) / 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "counts of instructions are far below 2^52")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}
