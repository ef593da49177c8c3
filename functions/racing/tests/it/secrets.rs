//! A secret that cannot be one opens nothing, raises an alarm and is never shown; a good line beside a bad one works.

use cloud::connector::{Call, Fault, Faults};
use cloud::engine::Reply;
use cloud::new_secret;
use platform::secrets::SecretValue;
use platform::webhook::sign;
use racing_testing::Target;
use serde_json::json;
use std::sync::Arc;

const PATH: &str = "/v1/feeds/races";

/// The parameter store holds this text.
struct Holds(String);

impl Faults for Holds {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let parameter = json!({"Parameter": {"Name": "x", "Type": "SecureString", "Value": self.0, "Version": 1}});
        (call.service == "ssm").then(|| Fault::Reply(Reply { status: 200, body: parameter.to_string() }))
    }
}

/// A cloud whose feed secret is `text`, for functions that have not read it yet.
async fn holding(text: &str) -> Option<Target> {
    let target = Target::start_local().await?;
    target.cloud().install_faults(Some(Arc::new(Holds(text.to_owned()))));
    Some(target)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unusable_secret_opens_nothing_and_alarms() {
    for text in ["whsec_", "", " \n", "whsec_c2hvcnQ=", "hunter2hunter2hunter2hunter2hunter2", "whsec_\nwhsec_"] {
        let Some(target) = holding(text).await else { return };
        let body = json!({"date": "2026-05-23", "venue": 1, "races": []});
        // Signed with a good key of somebody's: nobody's is right.
        let refused = target.feed_signed("m1", PATH, &body, &SecretValue::new(new_secret()), target.now()).await;
        let problem = refused.refused(500, "internal");
        assert_eq!((&problem["retryable"], refused.header("retry-after")), (&json!(true), Some("5")), "{text:?}");
        let raised = async || Some(target.alarms("secret-unusable")).filter(|alarms| !alarms.is_empty());
        let alarms = target.eventually("the alarm", raised).await;
        assert_eq!(alarms.len(), 1, "{text:?}: {alarms:?}");
        assert!(alarms[0].contains("feed") && !alarms[0].contains("hunter2") && !alarms[0].contains("c2hvcnQ"), "{alarms:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_line_beside_a_bad_one_works_and_the_bad_one_alarms() {
    let good = new_secret();
    for text in [format!("{good}\nwhsec_"), format!("whsec_c2hvcnQ=\n{good}\n")] {
        let Some(target) = holding(&text).await else { return };
        let body = json!({"date": "2026-05-23", "venue": 1, "races": []});
        let known = target.feed_signed("m1", PATH, &body, &SecretValue::new(good.clone()), target.now()).await;
        known.refused_at(400, "malformed_body", "/races");
        let stranger = target.feed_signed("m2", PATH, &body, &SecretValue::new(new_secret()), target.now()).await;
        stranger.refused_at(401, "signature_invalid", "webhook-signature");
        assert!(sign(&SecretValue::new("whsec_"), "m3", target.now(), b"{}").is_none());
        let raised = async || (!target.alarms("secret-unusable").is_empty()).then_some(());
        target.eventually("the alarm", raised).await;
    }
}
