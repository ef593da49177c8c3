fn main() -> std::process::ExitCode {
    platform::run(&racing::place_slip::FUNCTION)
}
