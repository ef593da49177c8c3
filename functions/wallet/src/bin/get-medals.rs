fn main() -> std::process::ExitCode {
    platform::run(&wallet::get_medals::FUNCTION)
}
