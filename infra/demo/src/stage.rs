//! The cloud that is played on, and what every part needs there.

use super::arguments::Common;
use super::{Acknowledgements, DemoError};
use client::http::{Connection, Patience};
use client::local::Local;
use client::or_interrupted;
use cloud::Cloud;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a cloud that runs elsewhere may be away without answering anything.
const AWAY_MAX: Duration = Duration::from_mins(2);

/// The cloud that is played on.
pub struct Stage {
    /// Leads to it; others are made of it.
    pub connection: Connection,
    /// Where it stores, if that is known.
    pub data: Option<PathBuf>,
    pub progress: ProgressBar,
    pub acknowledgements: Arc<Acknowledgements>,
    /// Of the connections to a cloud that runs elsewhere.
    patience: Arc<Patience>,
}

impl Stage {
    pub(super) async fn new(
        common: &Common,
        started: Option<&Cloud>,
        directory: &Path,
        steps: (&str, u64),
    ) -> Result<Self, DemoError> {
        let patience = Arc::new(Patience::new(AWAY_MAX));
        let (connection, data) = match (started, &common.url) {
            (Some(cloud), _) => {
                (Connection::new(cloud.url().parse().map_err(DemoError::Unexpected)?), Some(directory.join("data")))
            }
            (None, Some(base)) => {
                // One that was never there is not waited for.
                or_interrupted(Local::new(base.clone()).now()).await?;
                (Connection::patient(base.clone(), patience.clone()), common.data.clone())
            }
            (None, None) => return Err(DemoError::Unexpected("no cloud was started".into())),
        };
        let acknowledgements = common.acknowledgements.as_deref().map(Acknowledgements::create).transpose()?.unwrap_or_default();
        Ok(Self { connection, data, progress: progress(steps), acknowledgements: acknowledgements.into(), patience })
    }

    /// How many calls were repeated because the cloud was away.
    pub(super) fn repeats(&self) -> u64 {
        self.patience.repeats()
    }
}

fn progress((what, count): (&str, u64)) -> ProgressBar {
    let progress = ProgressBar::new(count);
    let template = format!("{{bar:30}} {{human_pos}}/{{human_len}} {what}, {{per_sec}} {{msg}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        progress.set_style(style);
    }
    progress
}
