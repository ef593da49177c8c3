fn main() -> std::process::ExitCode {
    platform::run(&racing::sweep_races::FUNCTION)
}
