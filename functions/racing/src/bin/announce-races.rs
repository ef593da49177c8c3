fn main() -> std::process::ExitCode {
    platform::run(&racing::announce_races::FUNCTION)
}
