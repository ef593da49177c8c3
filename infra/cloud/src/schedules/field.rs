//! A field of a cron expression: a list of numbers, names, ranges and steps.

/// The names that a field takes for its numbers, from its smallest.
pub type Names = [&'static str];

/// The numbers of a field, in order, each once.
///
/// # Errors
/// What of it is no number, name, range or step between `bounds`.
pub fn numbers(field: &str, text: &str, bounds: (u16, u16), names: &Names) -> Result<Vec<u16>, String> {
    let wrong = || format!("{field} `{text}` is no list of values, ranges and steps from {} to {}", bounds.0, bounds.1);
    let mut numbers = Vec::new();
    for part in text.split(',') {
        numbers.extend(part_of(part, bounds, names).ok_or_else(wrong)?);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// `5`, `MON`, `*`, `8-17`, `0/15`, `8-17/3`
fn part_of(text: &str, (min, max): (u16, u16), names: &Names) -> Option<impl Iterator<Item = u16> + use<>> {
    let value = |text| value(text, min, names).filter(|value| (min..=max).contains(value));
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(digits(step).filter(|step| (1..=max).contains(step))?)),
        None => (text, None),
    };
    let (first, last) = match range.split_once('-') {
        _ if range == "*" => (min, max),
        Some((first, last)) => (value(first)?, value(last)?),
        // A step from one value goes on to the end.
        None if step.is_some() => (value(range)?, max),
        None => (value(range)?, value(range)?),
    };
    (first <= last).then(|| (first..=last).step_by(usize::from(step.unwrap_or(1))))
}

fn value(text: &str, min: u16, names: &Names) -> Option<u16> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    named.and_then(|position| u16::try_from(position).ok()).map(|position| min + position).or_else(|| digits(text))
}

fn digits(text: &str) -> Option<u16> {
    let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}
