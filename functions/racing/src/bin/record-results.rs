fn main() -> std::process::ExitCode {
    platform::run(&racing::record_results::FUNCTION)
}
