//! The crash matrix: every external call of every path through every function, struck by every fault that a call can have. Then comes the
//! retry that AWS or the client makes. In the end everything stored must be as it is without the fault. Nothing is sampled.

use super::fault::{Fault, Rates};
use super::injector::{Call, Place, Planned};
use super::registry::{Path, Registry, Workload};
use super::run::{POISON, SimulationError, prove, runtime, world};
use super::stored::{Stored, difference};
use super::world::World;
use cloud::Permission;
use fastrand::Rng;
use jiff::SignedDuration;
use platform::service::functions_of;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// What strikes a call.
pub const STRIKES: [Fault; 7] = [
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::Slow,
    Fault::Throttled,
    Fault::Conflict,
    Fault::KilledBefore,
    Fault::KilledAfter,
];
/// After a path was played: how far time is moved on, again and again, so that every sweep and repetition has come. In minutes.
const LATER_MIN: [i64; 3] = [2, 6, 16];
/// Refusals of these statuses depend on what is stored, so a path must lead to each of them.
const OF_STATE: [u16; 3] = [402, 404, 409];
/// It depends on others at the same moment. Each cell of a conflict has it inside.
const NOT_OF_ONE: &str = "contention";

/// One cell that is not exactly-once.
#[derive(Debug, Clone, Serialize)]
pub struct Broken {
    pub path: &'static str,
    pub function: &'static str,
    pub call: u32,
    pub operation: String,
    pub fault: Fault,
    pub what: Vec<String>,
}

/// A row of the table: the calls of one function on one path.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub function: &'static str,
    pub path: &'static str,
    pub calls: usize,
    pub cells: usize,
    pub exactly_once: usize,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Matrix {
    pub cells: usize,
    pub exactly_once: usize,
    pub rows: Vec<Row>,
    pub broken: Vec<Broken>,
    /// What no path leads to, so that the matrix is not complete.
    pub missing: Vec<String>,
}

impl Matrix {
    pub fn is_clean(&self) -> bool {
        self.cells == self.exactly_once && self.missing.is_empty()
    }
}

/// What came of one play of a path.
struct Played {
    calls: Vec<(Place, Call)>,
    struck: u32,
    answers: Vec<String>,
    stored: Stored,
    violations: Vec<String>,
    permissions: Permissions,
    met: BTreeSet<(&'static str, String)>,
}

/// What functions may call, and what they have called.
#[derive(Debug, Clone, Default)]
struct Permissions {
    used: BTreeSet<Permission>,
    granted: BTreeSet<Permission>,
}

struct Cell<'a> {
    workload: &'static Workload,
    path: &'static Path,
    baseline: &'a Played,
    place: &'a Place,
    call: &'a Call,
    fault: Fault,
}

/// Plays the whole matrix on `threads` threads, or of it the paths whose names contain `only`. It calls `starts` with the number of cells,
/// and `done` after each.
pub fn play(
    registry: Registry,
    only: Option<&str>,
    threads: usize,
    starts: &(dyn Fn(usize) + Sync),
    done: &(dyn Fn() + Sync),
) -> Result<Matrix, SimulationError> {
    let paths = registry.workloads.iter().flat_map(|workload| workload.paths.iter().map(move |path| (*workload, path)));
    let paths: Vec<_> = paths.filter(|(_, path)| only.is_none_or(|only| path.name.contains(only))).collect();
    let played: Vec<Played> = on_threads(threads, &paths, &|(workload, path)| play_path(registry, workload, path, None))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let mut permissions = Permissions::default();
    let mut matrix = Matrix::default();
    for ((_, path), baseline) in paths.iter().zip(&played) {
        matrix.missing.extend(baseline.violations.iter().map(|what| format!("{}: {what}", path.name)));
        permissions.used.extend(baseline.permissions.used.iter().cloned());
        permissions.granted.extend(baseline.permissions.granted.iter().cloned());
    }
    let mut cells = Vec::new();
    for ((workload, path), baseline) in paths.iter().zip(&played) {
        for (place, call) in baseline.calls.iter().filter(|(place, _)| path.of.contains(&place.function)) {
            let strikes = STRIKES.into_iter().filter(|fault| call.admits(*fault));
            cells.extend(strikes.map(|fault| Cell { workload, path, baseline, place, call, fault }));
        }
    }
    starts(cells.len());
    let results = on_threads(threads, &cells, &|cell| {
        let broken = play_cell(registry, cell);
        done();
        broken
    });
    let mut rows: BTreeMap<(&'static str, &'static str), Row> = BTreeMap::new();
    let mut calls = BTreeSet::new();
    for (cell, broken) in cells.iter().zip(results) {
        let (broken, used) = broken?;
        permissions.used.extend(used);
        let (function, path) = (cell.place.function, cell.path.name);
        let row = rows.entry((function, path)).or_insert(Row { function, path, calls: 0, cells: 0, exactly_once: 0 });
        row.calls += usize::from(calls.insert((path, cell.place)));
        row.cells += 1;
        row.exactly_once += usize::from(broken.is_none());
        matrix.broken.extend(broken);
    }
    // What only a retry calls, such as a change of visibility, the cells have called.
    if only.is_none() {
        matrix.missing.extend(missing(registry, &paths, &played, &permissions));
    }
    matrix.rows = rows.into_values().collect();
    matrix.cells = matrix.rows.iter().map(|row| row.cells).sum();
    matrix.exactly_once = matrix.rows.iter().map(|row| row.exactly_once).sum();
    Ok(matrix)
}

fn on_threads<T: Sync, R: Send>(threads: usize, items: &[T], work: &(dyn Fn(&T) -> R + Sync)) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn play_cell(registry: Registry, cell: &Cell<'_>) -> Result<(Option<Broken>, BTreeSet<Permission>), SimulationError> {
    let Cell { workload, path, baseline, place, call, fault } = cell;
    let played = play_path(registry, workload, path, Some(((*place).clone(), *fault)))?;
    let mut what = played.violations;
    if played.struck == 0 {
        what.push("the call was not made again in the same way: the fault did not strike".into());
    }
    if played.answers != baseline.answers {
        what.push(format!("the answers are {:?}, and without the fault {:?}", played.answers, baseline.answers));
    }
    what.extend(difference(&baseline.stored, &played.stored));
    if what.is_empty() {
        return Ok((None, played.permissions.used));
    }
    let operation = format!("{}.{}", call.service, call.operation);
    let broken = Broken { path: path.name, function: place.function, call: call.number, operation, fault: *fault, what };
    Ok((Some(broken), played.permissions.used))
}

fn play_path(
    registry: Registry,
    workload: &'static Workload,
    path: &'static Path,
    cell: Option<(Place, Fault)>,
) -> Result<Played, SimulationError> {
    // The same for every cell: what differs is the fault's doing.
    fastrand::seed(1);
    runtime()?.block_on(async {
        let planned = Planned::new(cell);
        let world = world(registry, &mut Rng::with_seed(1), Rates::default(), planned.clone(), (false, false)).await?;
        let answers = (path.play)(world.clone()).await;
        come_to_rest(&world).await;
        prove(&world, registry)?;
        let (used, granted) = world.0.process().map(|process| process.cloud.permissions()).unwrap_or_default();
        let stored = Stored::read(&world, registry, workload.varies);
        world.0.kill();
        Ok(Played {
            calls: planned.calls(),
            struck: planned.struck(),
            answers,
            stored,
            violations: world.0.violations(),
            permissions: Permissions { used, granted },
            met: world.0.met(),
        })
    })
}

async fn come_to_rest(world: &World) {
    let rests = async || {
        if !world.rest().await {
            world.violation("the system does not come to rest");
        }
    };
    rests().await;
    for minutes in LATER_MIN {
        world.skip(SignedDuration::from_mins(minutes)).await;
        rests().await;
    }
    if let Some(process) = world.0.process()
        && process.cloud.redrive(POISON).await.unwrap_or(u64::MAX) > 0
    {
        world.violation("a message is dead after a single fault");
    }
}

/// What no path leads to: a function, a call that a definition grants, a refusal that depends on what is stored.
fn missing(
    registry: Registry,
    paths: &[(&'static Workload, &'static Path)],
    played: &[Played],
    permissions: &Permissions,
) -> Vec<String> {
    let mut missing = Vec::new();
    let own = |function: &'static str| {
        let of = move |((_, path), _): &((&'static Workload, &'static Path), &Played)| path.of.contains(&function);
        paths.iter().copied().zip(played).filter(of).map(|(_, played)| played).collect::<Vec<_>>()
    };
    for function in functions_of(registry.services) {
        let played = own(function.name);
        if permissions.granted.iter().all(|granted| granted.function != function.name) {
            // It calls nothing that could be struck.
            continue;
        }
        if played.is_empty() {
            missing.push(format!("no path is of {}", function.name));
            continue;
        }
        let granted = permissions.granted.iter().filter(|granted| granted.function == function.name);
        let unused = granted.filter(|granted| !permissions.used.contains(granted));
        missing.extend(
            unused
                .into_iter()
                .map(|unused| format!("no path of {} calls {} on {}", function.name, unused.action, unused.resource)),
        );
        let codes = function.contract().codes.into_iter();
        let codes = codes.filter(|code| OF_STATE.contains(&code.status) && code.code != NOT_OF_ONE);
        let unmet = codes.filter(|code| !played.iter().any(|played| played.met.contains(&(function.name, code.code.to_owned()))));
        missing.extend(unmet.map(|code| format!("no path of {} is refused with {}", function.name, code.code)));
    }
    missing
}
