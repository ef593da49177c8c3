fn main() -> std::process::ExitCode {
    platform::run(&racing::list_slips::FUNCTION)
}
