fn main() -> std::process::ExitCode {
    platform::run(&ops::check_health::FUNCTION)
}
