//! Receipt handles. Each contains the name of its queue. So an invented handle, or one of another queue, is recognized without a store of
//! handles.

/// A new receipt handle of `queue`.
pub fn new(queue: &str) -> String {
    let random = fastrand::u128(..) >> 32;
    format(random, check(queue, random))
}

/// Whether `queue` gave out `receipt`.
pub fn is_of(queue: &str, receipt: &str) -> bool {
    let digits: String = receipt.chars().filter(|character| *character != '-').collect();
    let Ok(bits) = u128::from_str_radix(&digits, 16) else { return false };
    let random = bits >> 32;
    receipt == format(random, check(queue, random))
}

/// In the form of a UUID.
fn format(random: u128, check: u32) -> String {
    let bits = random << 32 | u128::from(check);
    let part = |shift: u32, mask: u128| (bits >> shift) & mask;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        part(80, 0xffff),
        part(64, 0xffff),
        part(48, 0xffff),
        part(0, 0xffff_ffff_ffff)
    )
}

fn check(queue: &str, random: u128) -> u32 {
    let [a, b, c, d, ..] = md5::compute([&random.to_be_bytes(), queue.as_bytes()].concat()).0;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_of_the_queue_that_gave_it() {
        for _ in 0..100 {
            let receipt = new("a");
            assert!(is_of("a", &receipt) && !is_of("b", &receipt), "{receipt}");
            assert!(!is_of("a", &receipt.to_uppercase()) || receipt == receipt.to_uppercase());
            assert!(!is_of("a", &receipt.replace('-', "")));
        }
        for receipt in ["", "-", "x", "00000000-0000-4000-8000-000000000000", "é"] {
            assert!(!is_of("a", receipt), "{receipt}");
        }
    }
}
