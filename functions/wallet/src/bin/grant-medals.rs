fn main() -> std::process::ExitCode {
    platform::run(&wallet::grant_medals::FUNCTION)
}
