//! The start of a process on what is kept.

use super::deliveries::Disturbed;
use super::fleet::Fleet;
use super::simulation::{Process, Simulation};
use cloud::CloudError;
use cloud::bare::BareCloud;
use cloud::signal::Signal;
use platform::Function;
use std::sync::Arc;

/// Starts the process, or another one in the place of one that is killed where it is.
pub async fn start(simulation: &Arc<Simulation>) -> Result<(), CloudError> {
    simulation.kill();
    let ended = Signal::default();
    let deliveries = Arc::new(Disturbed::new(simulation.clone()));
    let host = |function: &'static Function, backends: &Arc<_>, permits| {
        let fleet = Fleet::new(function, backends, permits, simulation.clone(), ended.clone());
        Box::new(fleet) as Box<dyn cloud::runner::Host>
    };
    let cloud = BareCloud::start(&simulation.kept, deliveries, &host).await?;
    simulation.runs(Process { cloud, ended });
    Ok(())
}
