fn main() -> std::process::ExitCode {
    platform::run(&racing::get_settlement::FUNCTION)
}
