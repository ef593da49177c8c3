//! What the benchmark found: one table of instructions and sizes, the same as JSON, and whether it is what is asked.

use crate::binaries::{FUNCTION, YARDSTICK};
use build::package::Manifest;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

/// What is asked: the lean function's instructions, from exec to its first answer.
const INSTRUCTIONS_MAX: u64 = 5_400_000;
/// What is asked: the lean function's instructions, of those of the SDK's defaults, which read no gate.
const RATIO_MAX: f64 = 0.0125;

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
    pub yardstick: Option<Yardstick>,
    /// The sizes of every function.
    pub manifest: Manifest,
}

/// The function of the SDK's defaults.
pub struct Yardstick {
    pub count: Count,
    pub bytes: u64,
    pub zip_bytes: u64,
    /// How many roots it reads.
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
        self.lean.total <= INSTRUCTIONS_MAX && self.ratio().is_none_or(|ratio| ratio <= RATIO_MAX)
    }

    fn ratio(&self) -> Option<f64> {
        self.yardstick.as_ref().map(|yardstick| as_f64(self.lean.total) / as_f64(yardstick.count.total))
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
        if let Some(yardstick) = &self.yardstick {
            row(YARDSTICK, yardstick.count.cells(), yardstick.bytes, yardstick.zip_bytes);
        }
        for (name, function) in &self.manifest.functions {
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
        let (name, total, asked) = (FUNCTION.name, millions(self.lean.total), millions(INSTRUCTIONS_MAX));
        let compared = match (&self.yardstick, self.ratio()) {
            (Some(yardstick), Some(ratio)) => {
                format!(", {ratio:.4} of those of {YARDSTICK} (at most {RATIO_MAX}), which trusts {} roots", yardstick.trusted)
            }
            _ => "; compare it with the SDK's defaults by --yardstick".into(),
        };
        format!("{word} {name} takes {total} M instructions of at most {asked} M{compared}")
    }

    pub fn json(&self) -> Value {
        json!({
            "instructions_max": INSTRUCTIONS_MAX,
            "ratio": self.ratio(),
            "ratio_max": RATIO_MAX,
            "reached": self.reached(),
            "instructions": {
                YARDSTICK: self.yardstick.as_ref().map(|yardstick| yardstick.count.json()),
                FUNCTION.name: self.lean.json(),
            },
            "sizes": {
                YARDSTICK: self.yardstick.as_ref().map(|of| json!({"bytes": of.zip_bytes, "binary_bytes": of.bytes})),
                "functions": self.manifest.functions,
            },
            "roots_of_defaults": self.yardstick.as_ref().map(|yardstick| yardstick.trusted),
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
