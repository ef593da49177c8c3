//! A proof in words, for people.

use super::Proof;
use shared::money::Asset;

/// What was counted and whether it holds.
pub fn rows(proof: &Proof) -> Vec<(String, String)> {
    let count = |what: &str, count: u64| (what.to_owned(), grouped(count));
    let holds = |what: &str, holds: bool| (what.to_owned(), if holds { "yes" } else { "NO" }.to_owned());
    let mut rows = vec![
        count("items", proof.items),
        count("journals", proof.journals),
        count("their lines", proof.lines),
        count("top-ups", proof.topups),
        count("races", proof.races),
        count("slips", proof.slips),
        count("combinations", proof.combinations),
        count("bettors", proof.bettors),
    ];
    for asset in Asset::ALL {
        let totals = proof.of(asset);
        if totals.stake != 0 {
            let parts = [("stake", totals.stake), ("payout", totals.payout), ("refund", totals.refund)];
            rows.extend(parts.map(|(what, minor)| (format!("{what}, {asset}"), grouped_signed(minor))));
        }
    }
    rows.extend([
        count("payouts", proof.payouts),
        count("paid people, race by race", proof.paid_users),
        count("unsettled slips", proof.unsettled),
        count("certificates to be repeated yet", proof.certificates_waiting),
        holds("everything can be read", proof.all_read),
        holds("independent records sum to zero", proof.sum_zero),
        holds("journals fold", proof.chains_ok),
        holds("races posted what is due", proof.dues_ok),
        holds("certificates are true", proof.certificates_ok),
    ]);
    rows
}

/// 1,234,567
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn grouped_signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(grouped_signed(-1_000), "-1,000");
    }
}
