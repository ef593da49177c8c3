//! Planted bugs: mistakes in the real code, of which one at a time can be switched on. A simulation in which nothing ever fails
//! proves nothing, so it must find each of them.
//!
//! The switch exists with the feature `planted` alone. No default build and no zip has that feature. Without it [`is_on`] is a
//! constant, and the compiler removes what would be wrong.

#[cfg(feature = "planted")]
pub use switch::{is_on, switch_on};

/// The letters that every function's binary with the feature `planted` has. No other function's binary has them, so `koban package`
/// recognizes it by them.
pub const CANARY: &str = "KOBAN_PLANTED_BUGS";

/// Whether `bug` is switched on: without the feature none ever is.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn is_on(_bug: Bug) -> bool {
    false
}

macro_rules! bugs {
    ($(#[doc = $says:literal] $bug:ident = $name:literal,)+) => {
        /// A mistake that can be switched on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Bug {
            $(#[doc = $says] $bug,)+
        }

        /// Every planted bug.
        pub const ALL: &[Bug] = &[$(Bug::$bug),+];

        impl Bug {
            /// As the command line names it: `put-over-others`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)+
                }
            }

            /// What is wrong, in a sentence.
            pub const fn says(self) -> &'static str {
                match self {
                    $(Self::$bug => $says.trim_ascii(),)+
                }
            }
        }
    };
}

bugs! {
    /// What is to be put if absent is put over what is there.
    PutOverOthers = "put-over-others",
    /// The next version of an object is put over any version.
    RevisionNotCompared = "revision-not-compared",
    /// The last write of a transaction is left out.
    LastWriteLost = "last-write-lost",
    /// A transaction that a conflict canceled is taken for written.
    ConflictTakenForWritten = "conflict-taken-for-written",
    /// A writer that lost its line takes the next sequence and keeps the state from before.
    LostLineNotFolded = "lost-line-not-folded",
    /// Another request under a used key gets the first one's answer.
    HashNotCompared = "hash-not-compared",
    /// A refusal is sent and not written, so the same key may be accepted later.
    RefusalNotWritten = "refusal-not-written",
    /// A message that was not handled is reported as handled.
    FailureAcknowledged = "failure-acknowledged",
    /// A relay takes events for published that were not.
    UnpublishedForgotten = "unpublished-forgotten",
    /// An object's id is derived without its caller, so two people can have one id.
    IdWithoutCaller = "id-without-caller",

    /// Only the first posting of a line changes the balance.
    FirstPostingOnly = "first-posting-only",
    /// A top-up is acknowledged when it could not be written.
    AcknowledgedUnwritten = "acknowledged-unwritten",
    /// A bank that did not answer is asked again under another id, so it takes the money twice.
    ChargedUnderFreshId = "charged-under-fresh-id",
    /// A bank that did not answer is taken for one that declined.
    SilenceTakenForDeclined = "silence-taken-for-declined",
    /// A top-up that is being collected is left to its first worker, even when that one is dead.
    CollectingLeftAlone = "collecting-left-alone",
    /// A top-up becomes COLLECTED in a write of its own, before the wallet is credited.
    CollectedBeforeCredited = "collected-before-credited",
    /// The sweep of stuck top-ups leaves out the last partition.
    PartitionNotSwept = "partition-not-swept",
    /// The time of a request is its key, and not the day, so a day's medals are granted each time.
    MedalsEachTime = "medals-each-time",

    /// A slip's id depends on the time, so a retry places another slip.
    RetryPlacesAnother = "retry-places-another",
    /// A function's own clock decides when a slip was placed.
    SlipByOwnClock = "slip-by-own-clock",
    /// A function's own clock decides when a result closed its race.
    ResultByOwnClock = "result-by-own-clock",
    /// A slip that was placed after the effective close is paid.
    SlipAfterClosePaid = "slip-after-close-paid",
    /// A slip that came after its shard was counted is paid.
    UncountedSlipPaid = "uncounted-slip-paid",
    /// A refusal in a slip's place is read as a slip.
    RefusalReadAsSlip = "refusal-read-as-slip",
    /// The bets on scratched runners are not refunded.
    ScratchedNotRefunded = "scratched-not-refunded",
    /// A late worker pays by an older result as if it were the newest.
    OlderWorkerNotFenced = "older-worker-not-fenced",
    /// A correction posts all that is due instead of the difference.
    CorrectionInFull = "correction-in-full",
    /// Payouts and refunds are posted to each other's account.
    PostingsSwapped = "postings-swapped",
    /// The proof counts one shard twice.
    ShardCountedTwice = "shard-counted-twice",
    /// A race becomes SETTLED in a write of its own, before its certificate.
    SettledBeforeCertified = "settled-before-certified",
    /// A certificate's repetition is asked for only when the certificate is written.
    RepetitionAfterCertificate = "repetition-after-certificate",
}

#[cfg(feature = "planted")]
mod switch {
    use super::{Bug, CANARY};
    use std::hint::black_box;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    /// No bug has this number.
    const NONE: usize = usize::MAX;

    /// The number of the bug that is on, in the whole process.
    static ON: AtomicUsize = AtomicUsize::new(NONE);

    /// Switches `bug` on for the whole process, and any other off.
    pub fn switch_on(bug: Option<Bug>) {
        ON.store(bug.map_or(NONE, |bug| bug as usize), Relaxed);
    }

    /// Whether `bug` is switched on.
    pub fn is_on(bug: Bug) -> bool {
        // So the letters are in each binary that asks.
        black_box(CANARY);
        ON.load(Relaxed) == bug as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[cfg(not(feature = "planted"))]
    #[test]
    fn without_the_feature_no_bug_is_planted() {
        assert!(ALL.iter().all(|bug| !is_on(*bug)));
    }

    #[cfg(feature = "planted")]
    #[test]
    fn one_bug_at_a_time_is_planted() {
        let on = || ALL.iter().copied().filter(|bug| is_on(*bug)).collect::<Vec<_>>();
        assert!(on().is_empty());
        for bug in ALL {
            switch_on(Some(*bug));
            assert_eq!(on(), [*bug]);
        }
        switch_on(None);
        assert!(on().is_empty());
    }

    #[test]
    fn the_names_of_planted_bugs_are_unique_and_each_says_what_is_wrong() {
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(ALL.iter().all(|bug| is_plain(bug.name())), "{ALL:?}");
        assert!(ALL.iter().all(|bug| bug.says().ends_with('.')), "{ALL:?}");
        let names: BTreeSet<_> = ALL.iter().map(|bug| bug.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
