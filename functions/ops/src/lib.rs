//! The ops service: whether Koban is up, and what its API is.

use platform::Service;

platform::functions![check_health, get_openapi];

pub static SERVICE: Service = Service::new("ops", "Health and the API's own description.", &[], FUNCTIONS);
