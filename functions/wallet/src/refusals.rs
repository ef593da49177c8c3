//! The refusals of the wallet's routes.

platform::refusals! {
    /// Why a top-up is refused.
    pub enum TopUpRefusal {
        AssetNotSold = 422 "asset_not_sold", "Wallets take top-ups in JPY only", retryable: false,
            next: "Top up in JPY. Medals are free at /v1/medals/daily.";
        TopUpOutOfRange = 422 "top_up_out_of_range", "A top-up is 100 to 100,000,000 yen", retryable: false,
            next: "Choose an amount within the range. Split a larger one.";
        TopUpsUnavailable = 503 "top_ups_unavailable", "Top-ups are not available: no bank is connected", retryable: true,
            next: "Send the same request again, with the same Idempotency-Key, once a bank is connected. Medals are free at /v1/medals/daily.";
    }
}
